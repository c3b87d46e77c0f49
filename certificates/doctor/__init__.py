"""The doctor: every entry judged, what is refused, what breaks at its next renewal, and what to do.

The judgement itself is :mod:`certificates.judgement` [pure], which uploads and sources use as well. Ten thousand certificates would keep a
page waiting for seconds, so what does not change with time is noted once for each version (``diagnosing``); what does, dates, is asked of
the database.
"""
