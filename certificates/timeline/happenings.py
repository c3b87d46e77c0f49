"""What happens to certificates, and when: counted by day for the strip, one by one for the table."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import CharField, Count, F, Min, Q, QuerySet, Value

from certificates.models import Certificate, Kind
from certificates.rollout.models import Candidate, Probation, When
from certificates.sources.models import Source
from certificates.timeline.days import UtcDay
from certificates.timeline.drawing import Happening, Strip, What, last_day, strip_of, together

_EXPIRED_APART = 3  # more are one mark


def strip(kinds: Collection[Kind], *, now: datetime) -> tuple[Strip, int]:
    """Return the timeline of the entries of these *kinds*, and how many end later. The number of queries is fixed, as is that of rows."""
    today = now.astimezone(UTC).date()
    end = _midnight(last_day(today) + timedelta(days=1))
    found = [one for what, rows, moment in _tables(kinds, now=now) for one in _by_day(what, rows.filter(**{f"{moment}__lt": end}), moment)]
    later = Certificate.objects.filter(kind__in=kinds, current__not_after__gte=end).count()
    return strip_of([*_expired(kinds, now=now), *found], today=today), later


def rows(kinds: Collection[Kind], *, now: datetime, first: date | None = None, last: date | None = None) -> QuerySet[Any]:
    """Return what happens, one by one, the earliest first: ``moment``, ``what``, ``entry``, ``called`` (its name) and ``sort`` (its kind).

    :param first: the first day; without days: what has expired, and all that comes
    """
    parts = [(What.EXPIRES, Certificate.objects.filter(kind__in=kinds, current__isnull=False), "current__not_after")]
    parts += [table for table in _tables(kinds, now=now) if table[0] is not What.EXPIRES]
    chosen = [_one_by_one(what, _within(rows, moment, first, last), moment) for what, rows, moment in parts]
    united: QuerySet[Any] = chosen[0].union(*chosen[1:], all=True)
    return united.order_by("moment", "called", "what")


def _tables(kinds: Collection[Kind], *, now: datetime) -> list[tuple[What, QuerySet[Any], str]]:
    """Return where happenings to come are found, and which column says when."""
    of_kind = Q(certificate__kind__in=kinds)
    return [
        (What.EXPIRES, Certificate.objects.filter(kind__in=kinds, current__not_after__gte=now), "current__not_after"),
        (What.SWITCH, Candidate.objects.filter(of_kind, when=When.AT), "at"),
        (What.SWITCH, Probation.objects.filter(of_kind, ended_at=None).exclude(canary=""), "ends_at"),
        (What.RENEWAL, Source.objects.filter(of_kind, due_at__isnull=False), "due_at"),
    ]


def _by_day(what: What, found: QuerySet[Any], moment: str) -> Iterator[Happening]:
    entry = "" if found.model is Certificate else "certificate__"
    days = found.order_by().annotate(happens_on=UtcDay(moment)).values("happens_on")
    counted = days.annotate(
        number=Count(f"{entry}pk", distinct=True), used=Count(f"{entry}apis"), called=Min(f"{entry}name"), sort=Min(f"{entry}kind")
    )
    for row in counted:
        alone = row["number"] == 1
        yield Happening(
            what=what,
            day=row["happens_on"],
            last=row["happens_on"],
            entries=row["number"],
            used=row["used"],
            name=row["called"] if alone else "",
            kind=row["sort"] if alone else "",
        )


def _expired(kinds: Collection[Kind], *, now: datetime) -> list[Happening]:
    """Return what has expired, one by one if it is little."""
    expired = Certificate.objects.filter(kind__in=kinds, current__not_after__lt=now)
    days = list(_by_day(What.EXPIRES, expired, "current__not_after"))
    days.sort(key=lambda one: one.day)
    return days if len(days) <= _EXPIRED_APART else [together(days)]


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
