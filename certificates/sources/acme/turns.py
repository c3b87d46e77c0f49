"""How many certificates are ordered at once."""

from __future__ import annotations

from portal.turns import Turns

# An order may take a minute, in which it holds a thread of the server.
ORDERS = Turns(at_once=4, waiting=0, seconds=0.1)
