"""What tells one API's connections to its back end from another's, and those of one certificate from the next's: a mark. [pure]

Envoy itself cannot end what is still open of a cluster that is gone. But it sets options on sockets, and Linux keeps a number with each TCP
socket that somebody else can read again: how many unsent bytes make it count as full (``TCP_NOTSENT_LOWAT``). As no socket ever holds a
gigabyte, any number above that means the same to the kernel: no limit. So the mark costs a call nothing.
"""

from __future__ import annotations

import hashlib
import sys

LEVEL, OPTION = 6, 25  # IPPROTO_TCP and TCP_NOTSENT_LOWAT of Linux; other systems have other numbers
AVAILABLE = sys.platform == "linux"
_MARKED = 1 << 30
_API_BITS, _DIGEST_BITS = 17, 13


def mark_of(api: int, connection: bytes) -> int | None:
    """Return the mark for an API's connections, ``None`` if there is none for it: numbers of APIs end at 131,071 here.

    :param connection: what connections differ by: where they lead, and what is presented
    """
    if api >> _API_BITS or not AVAILABLE:
        return None
    digest = int.from_bytes(hashlib.sha256(connection).digest()[:4]) % (1 << _DIGEST_BITS)
    return _MARKED | api << _DIGEST_BITS | digest


def api_of(mark: int) -> int | None:
    """Return the API of a socket's *mark*, ``None`` if it has none."""
    return mark >> _DIGEST_BITS & (1 << _API_BITS) - 1 if mark & ~(_MARKED - 1) == _MARKED else None
