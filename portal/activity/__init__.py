"""The activity log: who did what, when. Also the feed of changes that the gateways' configuration follows.

Actions write with :func:`record`, in the transaction of their change. Lines never change: the model, and triggers in the database
(``guards``), refuse it. Each is sealed and chained to the one before it (``chain``), so that ``verification`` finds what somebody with
the database's password has changed, removed or inserted all the same. ``trimming`` takes old lines away, ``exporting`` and
``forwarding`` hand lines on, ``sign_ins`` and ``people`` write what happens to accounts, ``floods`` bounds what strangers can cause,
``remembering`` keeps what only changes can change.
"""

from portal.activity.acting import Through, acting_through
from portal.activity.feed import last_line
from portal.activity.values import HIDDEN, differences
from portal.activity.writing import Subject, line_of, record, write

__all__ = [
    "HIDDEN",
    "Subject",
    "Through",
    "acting_through",
    "differences",
    "last_line",
    "line_of",
    "record",
    "write",
]
