"""Which APIs fail now: their calls of the last hour, by the minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Sum

from apis.models import Api
from gateway.counts import ApiCount, Span
from gateway.seeing.figures import CALLS, FAILED

_LOOKED_AT = timedelta(hours=1)
_MENDED = timedelta(minutes=5)  # that long without a failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """How an API fails: of its *calls* in the last hour how many have *failed*, the first of them in the minute *since*."""

    calls: int
    failed: int
    since: datetime


def failing_now(number: int, *, now: datetime) -> list[tuple[Api, Failing]]:
    """Return the APIs of which calls fail, the most first; without those that have been answered for :data:`_MENDED` since."""
    hours = ApiCount.objects.filter(span=Span.HOUR, at__gte=Span.HOUR.begin(now - _LOOKED_AT)).order_by()
    sums = hours.annotate(of=F("api") + 0).values("of").annotate(failed=Sum(FAILED)).filter(failed__gt=0)
    chosen = [row["of"] for row in sums.order_by("-failed", "of")[: 2 * number]]  # some of them are mended
    minutes = _minutes_of(chosen, now=now)
    apis = Api.objects.only("name", "display_name").in_bulk(chosen)
    found = [(apis[pk], failing) for pk in chosen if pk in apis and (failing := _failing(minutes[pk]))]
    return sorted(found, key=lambda one: -one[1].failed)[:number]


def failing_now_of(api: Api, *, now: datetime) -> Failing | None:
    """Return how *api* fails; ``None`` where it does not, or not any more."""
    return _failing(_minutes_of([api.pk], now=now)[api.pk])


def _minutes_of(apis: Collection[int], *, now: datetime) -> defaultdict[int, list[tuple[datetime, int, int]]]:
    """Return of each API the minutes of the last hour: when, calls, failed."""
    minutes: defaultdict[int, list[tuple[datetime, int, int]]] = defaultdict(list)
    rows = ApiCount.objects.filter(api__in=apis, span=Span.MINUTE, at__gte=now - _LOOKED_AT).order_by("at")
    for api, at, calls, failed in rows.values_list("api", "at", CALLS, FAILED):
        minutes[api].append((at, calls, failed))
    return minutes


def _failing(minutes: Iterable[tuple[datetime, int, int]]) -> Failing | None:
    called = [(at, calls, failed) for at, calls, failed in minutes if calls > 0]
    failures = [at for at, _, failed in called if failed > 0]
    if not failures or called[-1][0] - failures[-1] >= _MENDED:
        return None
    return Failing(calls=sum(calls for _, calls, _ in called), failed=sum(failed for _, _, failed in called), since=failures[0])
