"""What an app shows: one-time codes (RFC 6238), made here from the standard and not by the library under test."""

from __future__ import annotations

import hashlib
import hmac
import struct
import time
from base64 import b32decode


def code_of(secret: str, *, steps: int = 0) -> str:
    """Return the code of now, or that of some steps of half a minute from now."""
    digest = hmac.digest(b32decode(secret), struct.pack(">Q", int(time.time()) // 30 + steps), hashlib.sha1)
    number = struct.unpack(">I", digest[(at := digest[-1] & 15) : at + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
