"""When is told of something that ends. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

THRESHOLDS = (60, 30, 14, 7, 1, 0)  # days left; 0: it has ended
MOST_DAYS = 730
_MOST = 12
_SUMMARY_HOUR = 8  # UTC
_BETWEEN = re.compile("[\\s,\N{FULLWIDTH COMMA}\N{IDEOGRAPHIC COMMA}]+")  # a Chinese keyboard's commas, too


class BadThresholds(ValueError):
    """A text that is no list of days."""


def read(text: str) -> list[int]:
    """Return the days in *text* (``60, 30, 14``), each once, the most first.

    :raises BadThresholds: if it holds anything else, none, or too many
    """
    parts = [part for part in _BETWEEN.split(text) if part]
    if not all(part.isascii() and part.isdecimal() and len(part) <= 3 for part in parts):  # noqa: PLR2004 - more are too many days
        raise BadThresholds
    days = sorted({int(part) for part in parts}, reverse=True)
    if not days or len(days) > _MOST or days[0] > MOST_DAYS:
        raise BadThresholds
    return days


def passed(ends_at: datetime, thresholds: Iterable[int], *, now: datetime) -> int | None:
    """Return the narrowest of *thresholds* that has been passed by what ends at *ends_at*; ``None``: none yet.

    Whoever comes late tells of the narrowest only.
    """
    return min((days for days in thresholds if ends_at - now <= timedelta(days=days)), default=None)


def summary_of(weekday: int | None, *, now: datetime) -> str | None:
    """Return the week (``2026-W48``) whose summary is due at *now*; ``None``: none is. It is due on its day from eight o'clock on, UTC."""
    at = now.astimezone(UTC)
    if weekday is None or at.weekday() != weekday or at.hour < _SUMMARY_HOUR:
        return None
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"
