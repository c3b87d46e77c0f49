"""Whole numbers that strangers write, in western digits: Python refuses to read some thousands of them. [pure]"""

from __future__ import annotations

_MOST_DIGITS = 18  # what every column and every Envoy takes
_LARGEST = 10**_MOST_DIGITS


def whole_number(text: str) -> int | None:
    """Return the number that *text* writes; ``None`` if it is none, or has more digits than any that is meant."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def length_said(text: str) -> int:
    """Return the length that a ``Content-Length`` of *text* says; of one beyond all limits, one that is beyond them; 0 if it says none."""
    if not (text.isascii() and text.isdecimal()):
        return 0
    number = whole_number(text.lstrip("0") or "0")
    return _LARGEST if number is None else number
