"""How lines are sealed and chained, byte for byte. [pure]

``content``  a JSON array of the fields in the order of :data:`FIELDS`: no blanks, keys sorted, all beyond ASCII escaped, moments in UTC
             with microseconds (``2026-11-26T09:30:00.000000+00:00``)
``seal``     HMAC-SHA256(key, "line" 00 content), in hex: the line is as the portal wrote it
``link``     HMAC-SHA256(key, "link" 00 link of the line before 00 seal), in hex: it stands where it was written, after all before it
``head``     HMAC-SHA256(key, "head" 00 number of the newest line 00 its link), in hex: nothing after it was cut off

The link before the first line is empty.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

FIELDS = (
    "id",
    "at",
    "kind",
    "event",
    "actor_id",
    "actor_name",
    "through",
    "subject_id",
    "subject_name",
    "details",
    "changes",
)
BEGINNING = ""  # the link before the first line
LOST = "lost"  # the link before a line that was written when the head was gone: no check ever passes it by


def content(line: Mapping[str, Any]) -> bytes:
    """Return what is sealed of a line: its :data:`FIELDS`, in one way only."""
    return json.dumps([_plain(line[field]) for field in FIELDS], separators=(",", ":"), sort_keys=True).encode("ascii")


def seal_of(key: bytes, line: Mapping[str, Any]) -> str:
    """Return the seal of a line."""
    return _mac(key, b"line", content(line))


def link_of(key: bytes, before: str, seal: str) -> str:
    """Return the link of a line with this *seal*, after one with the link *before*."""
    return _mac(key, b"link", before.encode(), seal.encode())


def head_of(key: bytes, number: int, link: str) -> str:
    """Return what proves that the line of this *number* and *link* is the newest."""
    return _mac(key, b"head", str(number).encode(), link.encode())


def same(one: str, other: str) -> bool:
    """Return whether two of them are equal; how long that takes tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode())


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _mac(key: bytes, *parts: bytes) -> str:
    return hmac.digest(key, b"\0".join(parts), hashlib.sha256).hex()
