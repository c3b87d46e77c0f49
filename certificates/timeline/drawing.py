"""Where the marks of a timeline stand. What falls into one week is one mark where there would be too many to tell apart. [pure]

Places are per cent from the left of a drawing that is as wide as its page; numbers are text here, because a page writes them as its
reader's language does.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

SOON_DAYS = 30
_LEFT, _RIGHT = 7.0, 95.0  # of the time drawn; before it what has expired, behind it what comes later
_MOST_IN_A_WEEK = 2
_NEAR = 1.8  # per cent within which two marks would cover each other
_LOW, _HIGH = 30, 13  # pixels from above
_SMALLEST, _LARGEST = 3.5, 9.0  # pixels from the middle
_MONTHS = 12


class What(enum.StrEnum):
    """What happens on a day."""

    EXPIRES = "expires"
    SWITCH = "switch"  # was planned, or a canary's time ends
    RENEWAL = "renewal"  # an authority is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What happens to certificates on one day, or in the days from one to another.

    :ivar entries: to how many
    :ivar used: how many APIs use them
    :ivar name: of the entry, if it is one
    :ivar kind: of that entry
    """

    what: What
    day: date
    last: date
    entries: int
    used: int
    name: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A happening, placed.

    :ivar form: how it looks: ``expired``, ``soon``, ``later``, ``switch``, ``renewal``
    """

    happening: Happening
    form: str
    x: str
    y: int
    size: str


@dataclass(frozen=True, slots=True)
class Month:
    """The beginning of a month."""

    first: date
    x: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A timeline, ready to be drawn."""

    marks: tuple[Mark, ...]
    months: tuple[Month, ...]
    soon: str  # how wide the first days are
    now: str = f"{_LEFT}%"
    end: str = f"{_RIGHT}%"


def last_day(today: date) -> date:
    """Return the last day that is drawn: the same day of the next year."""
    leap_day = today.month == 2 and today.day == 29  # noqa: PLR2004 - February
    return today.replace(year=today.year + 1, day=28 if leap_day else today.day)


def strip_of(happenings: Iterable[Happening], *, today: date) -> Strip:
    """Return the timeline from *today* on; what is over stands before it, in its order."""
    ordered = sorted(happenings, key=lambda one: (one.day, one.what, one.name))
    past = [one for one in ordered if one.what is What.EXPIRES and one.day < today]
    coming = [one for one in ordered if today <= one.day <= last_day(today)]
    placed = [*_past_places(past), *((_x(one, today), one) for one in _grouped(coming))]
    return Strip(
        marks=tuple(_marks(placed, today)),
        months=tuple(Month(first, f"{_place(first, today):.2f}%") for first in _months(today)),
        soon=f"{_place(today + timedelta(days=SOON_DAYS), today) - _LEFT:.2f}%",
    )


def together(happenings: Sequence[Happening]) -> Happening:
    """Return several happenings of one kind as one."""
    if len(happenings) == 1:
        return happenings[0]
    first, last = happenings[0], happenings[-1]
    return Happening(
        what=first.what,
        day=first.day,
        last=last.last,
        entries=sum(one.entries for one in happenings),
        used=sum(one.used for one in happenings),
    )


def _grouped(happenings: Iterable[Happening]) -> Iterator[Happening]:
    """Yield them, those of one week and kind together where they are many."""
    by_kind = sorted(happenings, key=lambda one: (one.what, one.day))
    for _, week in groupby(by_kind, key=lambda one: (one.what, one.day.isocalendar()[:2])):
        several = list(week)
        yield from several if len(several) <= _MOST_IN_A_WEEK else [together(several)]


def _past_places(past: Sequence[Happening]) -> Iterator[tuple[float, Happening]]:
    step = _LEFT / (len(past) + 1)
    for place, one in enumerate(past, start=1):
        yield place * step, one


def _marks(placed: Iterable[tuple[float, Happening]], today: date) -> Iterator[Mark]:
    before, low = -_NEAR, True
    for x, one in sorted(placed, key=lambda pair: pair[0]):
        low = not low if x - before < _NEAR else True
        before = x
        yield Mark(happening=one, form=_form(one, today), x=f"{x:.2f}%", y=_LOW if low else _HIGH, size=f"{_size(one):.1f}")


def _form(one: Happening, today: date) -> str:
    if one.what is not What.EXPIRES:
        return one.what.value
    if one.day < today:
        return "expired"
    return "soon" if one.day <= today + timedelta(days=SOON_DAYS) else "later"


def _size(one: Happening) -> float:
    return min(_SMALLEST + 1.2 * math.sqrt(one.used), _LARGEST)


def _x(one: Happening, today: date) -> float:
    middle = one.day + (one.last - one.day) / 2
    return _place(middle, today)


def _place(day: date, today: date) -> float:
    whole = (last_day(today) - today).days + 1
    return _LEFT + (_RIGHT - _LEFT) * (day - today).days / whole


def _months(today: date) -> Iterator[date]:
    for ahead in range(1, _MONTHS + 1):
        year, month = divmod(today.month - 1 + ahead, 12)
        yield date(today.year + year, month + 1, 1)
