"""Which lines a page shows: narrowed, and from one line on, so that no page costs more for what was written before or after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from portal.models import Activity, Event

LINES_PER_PAGE = 50
SYSTEM = "-"  # what the filter calls lines that no person caused
_ABOUT_PEOPLE = ("sign-in", "people", "access", "export", "log", "notice")  # kinds for those who may see people
_MANY_NAMES = 50
_OUT_OF_ORDER = timedelta(minutes=10)  # how much older a line may be than the one before it: writers wait for each other
_LONGEST_NUMBER = 18  # digits of a 64-bit key


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """One page of lines, the newest first.

    :ivar older, newer: what the address of the next page names as ``before``, and of the previous as ``after``; ``None``: there is none
    """

    lines: list[Activity]
    older: int | None
    newer: int | None


def may_see(reader: User, kind: str) -> bool:
    """Tell whether *reader* sees lines of this kind: what people do at the door is for those who manage people."""
    return kind not in _ABOUT_PEOPLE or reader.has_perm("auth.view_user")


def seen_by(reader: User) -> QuerySet[Activity]:
    """Return the lines that *reader* sees."""
    lines = Activity.objects.order_by("-id")
    return lines if reader.has_perm("auth.view_user") else lines.exclude(kind__in=_ABOUT_PEOPLE)


def narrowed(lines: QuerySet[Activity], wanted: Mapping[str, Any]) -> QuerySet[Activity]:
    """Return those of *lines* that are *wanted*, as the filter's form has cleaned it."""
    if kind := wanted.get("kind"):
        lines = lines.filter(event=kind) if kind in Event.values else lines.filter(kind=kind)
    if who := wanted.get("who"):
        lines = lines.filter(actor_name="" if who == SYSTEM else who)
    if words := wanted.get("q"):
        lines = _about(lines, words)
    return _within(lines, wanted.get("from"), wanted.get("to"))


def page_of(lines: QuerySet[Activity], asked: Mapping[str, str]) -> Lines:
    """Return the page of *lines* that the address asks for by ``before`` or ``after``; else the newest."""
    if (after := _number(asked.get("after", ""))) is not None:
        found = list(lines.filter(id__gt=after).order_by("id")[: LINES_PER_PAGE + 1])
        if len(found) > LINES_PER_PAGE:
            shown = found[:LINES_PER_PAGE][::-1]
            return Lines(lines=shown, older=shown[-1].id, newer=shown[0].id)
    before = _number(asked.get("before", ""))
    found = list((lines if before is None else lines.filter(id__lt=before))[: LINES_PER_PAGE + 1])
    shown = found[:LINES_PER_PAGE]
    older = shown[-1].id if len(found) > LINES_PER_PAGE else None
    return Lines(lines=shown, older=older, newer=shown[0].id if shown and before is not None else None)


def _about(lines: QuerySet[Activity], words: str) -> QuerySet[Activity]:
    """Return the lines whose subject's name holds *words*. Names are few beside lines: an index tells them, and then where they are."""
    holding = Activity.objects.filter(subject_name__icontains=words).order_by()
    names = list(holding.values_list("subject_name", flat=True).distinct()[: _MANY_NAMES + 1])
    if len(names) > _MANY_NAMES:
        return lines.filter(subject_name__icontains=words)  # so many that the newest are soon found
    return lines.filter(subject_name=names[0]) if len(names) == 1 else lines.filter(subject_name__in=names)


def _within(lines: QuerySet[Activity], first: date | None, last: date | None) -> QuerySet[Activity]:
    """Return the lines of these days, in UTC. By their numbers too, which is the order pages are in."""
    if first:
        start = datetime.combine(first, time(), UTC)
        begun = Activity.objects.filter(at__gte=start - _OUT_OF_ORDER).order_by("at").values_list("id", flat=True).first()
        lines = lines.filter(at__gte=start, id__gte=begun) if begun else lines.none()
    if last:
        end = datetime.combine(last, time(), UTC) + timedelta(days=1)
        ended = Activity.objects.filter(at__lt=end + _OUT_OF_ORDER).order_by("-at").values_list("id", flat=True).first()
        lines = lines.filter(at__lt=end, id__lte=ended) if ended else lines.none()
    return lines


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None
