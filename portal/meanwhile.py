"""Whether what somebody has confirmed is still what is there: which rows a page has shown, in a few digits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def digest_of(ids: Iterable[object]) -> str:
    """Return what tells one choice of rows from another, whatever order they come in; their number alone would not.

    :param ids: the primary keys of the rows
    :returns: the first 16 hex digits of the SHA-256 of the sorted keys
    """
    return hashlib.sha256(",".join(sorted(str(one) for one in ids)).encode()).hexdigest()[:16]
