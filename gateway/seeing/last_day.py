"""How many calls each API has had in the last 24 hours, and how many of them have failed.

Of 5,000 APIs these are 120,000 rows. Nothing changes hours that are over but what a gateway tells late, so a process reads them every few
minutes only; the current hour and the one before are read each time.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Sum

from apis.models import Api
from gateway.counts import ApiCount, Span
from gateway.seeing.figures import CALLS, FAILED

_HOURS = 24
_RECENT = 2  # hours that are read each time
_REMEMBERED_SECONDS = 300.0

Sums = dict[int, tuple[int, int]]  # by API: calls, and failed ones among them
Ranked = list[tuple[Api, int, int]]


@dataclass(frozen=True, slots=True)
class _Older:
    """What was read of the hours before *last*, and when (``time.monotonic()``)."""

    last: datetime
    read_at: float
    sums: Sums


_older: _Older | None = None


@dataclass(frozen=True, slots=True)
class LastDay:
    """The APIs with the most calls, and those with the most failed ones: how many calls, and how many failed."""

    busiest: Ranked
    failing: Ranked


def last_day(number: int, *, now: datetime) -> LastDay:
    """Return the first *number* of each."""
    recent = Span.HOUR.begin(now) - timedelta(hours=_RECENT - 1)
    sums = dict(_remembered(recent))
    for api, (calls, failed) in _read(recent, None).items():
        before = sums.get(api, (0, 0))
        sums[api] = (before[0] + calls, before[1] + failed)
    chosen = [_most(sums, number, by) for by in (0, 1)]
    apis = Api.objects.only("name", "display_name", "service_url").in_bulk([pk for pks in chosen for pk in pks])
    busiest, failing = ([(apis[pk], *sums[pk]) for pk in pks if pk in apis] for pks in chosen)
    return LastDay(busiest, failing)


def forget() -> None:
    """Read all hours next time, as for another database."""
    global _older  # noqa: PLW0603 - one for all requests of the process
    _older = None


def _most(sums: Sums, number: int, by: int) -> list[int]:
    called = ((pk, counts[by]) for pk, counts in sums.items() if counts[by] > 0)
    return [pk for pk, _ in heapq.nsmallest(number, called, key=lambda one: (-one[1], one[0]))]


def _remembered(last: datetime) -> Sums:
    global _older  # noqa: PLW0603
    older = _older
    if older is None or older.last != last or time.monotonic() - older.read_at > _REMEMBERED_SECONDS:
        older = _older = _Older(last, time.monotonic(), _read(last - timedelta(hours=_HOURS - _RECENT), last))
    return older.sums


def _read(first: datetime, last: datetime | None) -> Sums:
    """Return what hours from *first* on have counted, those before *last* if there is one."""
    rows = ApiCount.objects.filter(span=Span.HOUR, at__gte=first, **({"at__lt": last} if last else {})).order_by()
    # Grouped by an expression, SQLite reads the hours by their index; by the column, it would read all there are in the order of APIs.
    sums = rows.annotate(of=F("api") + 0).values("of").annotate(calls=Sum(CALLS), failed=Sum(FAILED))
    return {pk: (calls, failed) for pk, calls, failed in sums.values_list("of", "calls", "failed")}
