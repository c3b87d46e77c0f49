"""Whole numbers as policies write them. [pure]"""

from __future__ import annotations

_LONGEST = 18  # digits; Python refuses to read some thousands, with an error that names no element


def whole_number(text: str) -> int | None:
    """Return the number that *text* writes in western digits; ``None`` if it is none, or longer than any that a policy may hold."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST else None
