"""Which lines a page shows: narrowed, and from one line on, so that no page costs more for what was written before or after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet

from portal.models import Activity, ActivityName, Event
from portal.whole_numbers import whole_number

LINES_PER_PAGE = 50
SYSTEM = "-"  # what the filter calls lines that no person caused
_ABOUT_PEOPLE = ("sign-in", "people", "access", "export", "log", "notice")  # kinds for those who may see people
_FEW_NAMES, _MANY_NAMES = 30, 500
_NONE = [Q(pk__in=[])]
_EARLIEST, _LATEST = date(1970, 1, 1), date(9000, 1, 1)  # days beyond are those of nobody, and of no calendar with some time added
_OUT_OF_ORDER = timedelta(minutes=10)  # how much older a line may be than the one before it: writers wait for each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """One page of lines, the newest first.

    :ivar older, newer: what the address of the next page names as ``before``, and of the previous as ``after``; ``None``: there is none
    """

    lines: list[Activity]
    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Lines to be read page by page.

    :ivar lines: what all of them are
    :ivar runs: what each is one of; the lines of each are in the order of an index. None: all lines are one such run
    :ivar kinds: of which the lines may be; ``None``: of all
    """

    lines: QuerySet[Activity]
    runs: list[Q] = field(default_factory=list)
    kinds: list[str] | None = None

    def all(self) -> QuerySet[Activity]:
        """Return all of them, the oldest first; not page by page."""
        run = Q()
        for one in self.runs:
            run |= one
        return self.lines.filter(run).order_by("id")

    def newest(self, number: int) -> list[Activity]:
        """Return the newest lines, the newest first."""
        return self.taken(number, "-id")

    def taken(self, number: int, order: str, **where: int) -> list[Activity]:
        """Return the first lines in that *order* (``id``, ``-id``). No index has several runs in one order, so they are merged here."""
        lines = self.lines.filter(**where).order_by(order)
        if not self.runs:
            return list(lines[:number])
        found = [pk for run in self.runs for pk in lines.filter(run).values_list("id", flat=True)[:number]]
        first = sorted(found, reverse=order.startswith("-"))[:number]
        return list(Activity.objects.filter(pk__in=first).order_by(order))


def may_see(reader: User, kind: str) -> bool:
    """Tell whether *reader* sees lines of this kind: what people do at the door is for those who manage people."""
    return kind not in _ABOUT_PEOPLE or reader.has_perm("auth.view_user")


def seen_by(reader: User) -> Narrowed:
    """Return the lines that *reader* sees."""
    if reader.has_perm("auth.view_user"):
        return Narrowed(Activity.objects.all())
    kinds = sorted({event.partition(".")[0] for event in Event.values} - set(_ABOUT_PEOPLE))
    return Narrowed(Activity.objects.all(), [Q(kind=kind) for kind in kinds], kinds)


def narrowed(seen: Narrowed, wanted: Mapping[str, Any]) -> Narrowed:
    """Return those of the lines *seen* that are *wanted*, as the filter's form has cleaned it."""
    lines, runs, kinds = seen.lines, seen.runs, seen.kinds
    if kind := wanted.get("kind"):
        lines = lines.filter(event=kind) if kind in Event.values else lines.filter(kind=kind)
        of = kind.partition(".")[0]
        lines = lines if kinds is None or of in kinds else lines.none()
        runs, kinds = [], [of]
    if who := wanted.get("who"):
        lines = lines.filter(actor_name="" if who == SYSTEM else who)
    found = Narrowed(within(lines, wanted.get("from"), wanted.get("to")), runs, kinds)
    return _about(found, words) if (words := wanted.get("q")) else found


def page_of(found: Narrowed, asked: Mapping[str, str]) -> Lines:
    """Return the page of the lines *found* that the address asks for by ``before`` or ``after``; else the newest."""
    if (after := whole_number(asked.get("after", ""))) is not None:
        later = found.taken(LINES_PER_PAGE + 1, "id", id__gt=after)
        if len(later) > LINES_PER_PAGE:
            shown = later[:LINES_PER_PAGE][::-1]
            return Lines(lines=shown, older=shown[-1].id, newer=shown[0].id)
    before = whole_number(asked.get("before", ""))
    earlier = found.newest(LINES_PER_PAGE + 1) if before is None else found.taken(LINES_PER_PAGE + 1, "-id", id__lt=before)
    shown = earlier[:LINES_PER_PAGE]
    older = shown[-1].id if len(earlier) > LINES_PER_PAGE else None
    return Lines(lines=shown, older=older, newer=shown[0].id if shown and before is not None else None)


def within(lines: QuerySet[Activity], first: date | None, last: date | None) -> QuerySet[Activity]:
    """Return the lines of these days, both included, in UTC. By their numbers too, which is the order that they are read in."""
    if first:
        start = datetime.combine(max(first, _EARLIEST), time(), UTC)
        begun = Activity.objects.filter(at__gte=start - _OUT_OF_ORDER).order_by("at").values_list("id", flat=True).first()
        lines = lines.filter(at__gte=start, id__gte=begun) if begun else lines.none()
    if last:
        end = datetime.combine(min(last, _LATEST), time(), UTC) + timedelta(days=1)
        ended = Activity.objects.filter(at__lt=end + _OUT_OF_ORDER).order_by("-at").values_list("id", flat=True).first()
        lines = lines.filter(at__lt=end, id__lte=ended) if ended else lines.none()
    return lines


def _about(found: Narrowed, words: str) -> Narrowed:
    """Return the lines whose subject's name holds *words*: which names do is looked up, and then where they are."""
    holding = ActivityName.objects.filter(name__icontains=words)
    if found.kinds is not None:
        holding = holding.filter(kind__in=found.kinds)
    names = list(holding.values_list("name", "kind")[: _FEW_NAMES + 1])
    if len(names) <= _FEW_NAMES:
        return replace(found, runs=[Q(subject_name=name, kind=kind) for name, kind in names] or _NONE)
    numbers = dict(holding.values_list("kind").annotate(number=Count("pk")).order_by("kind"))
    return replace(found, runs=[_of_kind(kind, words, holding if number <= _MANY_NAMES else None) for kind, number in numbers.items()])


def _of_kind(kind: str, words: str, holding: QuerySet[ActivityName] | None) -> Q:
    """Return the lines of a kind by their names; where these are so many that the newest are soon found, by looking at the lines."""
    if holding is None:
        return Q(kind=kind, subject_name__icontains=words)
    return Q(kind=kind, subject_name__in=list(holding.filter(kind=kind).values_list("name", flat=True)))
