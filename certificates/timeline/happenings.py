"""What happens to certificates, and when: counted by day for the strip, one by one for the table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from heapq import merge
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db.models import CharField, Count, F, Min, Q, QuerySet, Value

from certificates.endings import Ending, Endings, endings
from certificates.models import Certificate, Kind
from certificates.rollout.models import Candidate, Probation, When
from certificates.sources.models import Source
from certificates.timeline.days import UtcDay
from certificates.timeline.drawing import Happening, Strip, What, last_day, strip_of, together

_EXPIRED_APART = 3  # more are one mark


def strip(kinds: Collection[Kind], *, now: datetime) -> tuple[Strip, int]:
    """Return the timeline of the entries of these *kinds*, and how many end later."""
    today = now.astimezone(UTC).date()
    last = last_day(today)
    end = _midnight(last + timedelta(days=1))
    ends = _ends(kinds)
    expired = [one for one in ends if one.day < today]  # one by one if it is little
    coming = [one for one in ends if today <= one.day <= last]
    others = [one for what, rows, moment in _tables(kinds) for one in _by_day(what, rows.filter(**{f"{moment}__lt": end}), moment)]
    past = expired if len(expired) <= _EXPIRED_APART else [together(expired)]
    return strip_of([*past, *coming, *others], today=today), sum(one.entries for one in ends if one.day > last)


def rows(kinds: Collection[Kind], *, first: date | None = None, last: date | None = None) -> QuerySet[Any]:
    """Return what happens, one by one, the earliest first: ``moment``, ``what``, ``entry``, ``called`` (its name) and ``sort`` (its kind).

    :param first: the first day; without days: what has expired, and all that comes
    """
    parts = [(What.EXPIRES, Certificate.objects.filter(kind__in=kinds, current__isnull=False), "current__not_after")]
    parts += _tables(kinds)
    chosen = [_one_by_one(what, _within(rows, moment, first, last), moment) for what, rows, moment in parts]
    united: QuerySet[Any] = chosen[0].union(*chosen[1:], all=True)
    return united.order_by("moment", "called", "what")


def _tables(kinds: Collection[Kind]) -> list[tuple[What, QuerySet[Any], str]]:
    """Return where happenings to come are found, besides ends, and which column says when."""
    of_kind = Q(certificate__kind__in=kinds)
    return [
        (What.SWITCH, Candidate.objects.filter(of_kind, when=When.AT), "at"),
        (What.SWITCH, Probation.objects.filter(of_kind, ended_at=None).exclude(canary=""), "ends_at"),
        (What.RENEWAL, Source.objects.filter(of_kind, due_at__isnull=False), "due_at"),
    ]


def _ends(kinds: Collection[Kind]) -> list[Happening]:
    """Return the ends of entries of these *kinds*, those of one day as one, the earliest first."""
    by_kind = endings()
    days = merge(*(_ends_by_day(by_kind[kind]) for kind in kinds), key=attrgetter("day"))
    return [together(list(same)) for _, same in groupby(days, key=attrgetter("day"))]


@lru_cache(maxsize=len(Kind))
def _ends_by_day(ends: Endings) -> Sequence[Happening]:
    """Return these ends likewise: worked out once for what is remembered."""
    return [_ends_on(day, list(several)) for day, several in groupby(ends.all, key=lambda one: one.at.date())]


def _ends_on(day: date, ends: Sequence[Ending]) -> Happening:
    used, first = sum(one.used_by for one in ends), ends[0]
    return _named(Happening(what=What.EXPIRES, day=day, last=day, entries=len(ends), used=used, name=first.name, kind=first.kind))


def _by_day(what: What, found: QuerySet[Any], moment: str) -> Iterator[Happening]:
    counted = found.order_by().annotate(day=UtcDay(moment), last=F("day")).values("day", "last")
    of = "certificate__"
    for row in counted.annotate(
        entries=Count("certificate", distinct=True), used=Count(f"{of}apis"), name=Min(f"{of}name"), kind=Min(f"{of}kind")
    ):
        yield _named(Happening(what=what, **row))


def _named(one: Happening) -> Happening:
    """Return what happens on a day, without a name if that is of one entry among several."""
    return one if one.entries == 1 else replace(one, name="", kind="")


def _one_by_one(what: What, found: QuerySet[Any], moment: str) -> QuerySet[Any, dict[str, Any]]:
    entry = "pk" if found.model is Certificate else "certificate"
    name, kind = ("name", "kind") if found.model is Certificate else ("certificate__name", "certificate__kind")
    rows: QuerySet[Any, dict[str, Any]] = (
        found.order_by()
        .annotate(moment=F(moment), what=Value(what.value, CharField()), entry=F(entry), called=F(name), sort=F(kind))
        .values("moment", "what", "entry", "called", "sort")
    )
    return rows


def _within(found: QuerySet[Any], moment: str, first: date | None, last: date | None) -> QuerySet[Any]:
    if first:
        found = found.filter(**{f"{moment}__gte": _midnight(first)})
    if last:
        found = found.filter(**{f"{moment}__lte": datetime.combine(last, time.max, tzinfo=UTC)})  # there is a last day of all
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
