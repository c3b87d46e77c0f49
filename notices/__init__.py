"""Notices: whoever has to renew something is told in time, once for each threshold, by mail and by the channels of the portal.

``subjects/`` finds what ends or fails, ``thresholds`` [pure] says what is due, ``recipients`` who is to be told, ``messages`` in which
words, ``channels/`` how each service wants them, ``posting`` sends under the address guard, ``sending`` does it once, ``keeper`` all of it
from time to time, in the xDS process.
"""
