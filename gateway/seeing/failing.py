"""Which APIs fail now: their calls of the last hour, by the minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum, UUIDField

from apis.models import Api
from gateway.counts import ApiCount, Span
from gateway.models import FailedCall
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
    """Return the APIs of which calls fail, the most first; without those that were mended, or have been answered for :data:`_MENDED`."""
    hours = ApiCount.objects.filter(span=Span.HOUR, at__gte=Span.HOUR.begin(now - _LOOKED_AT)).order_by()
    sums = hours.annotate(of=F("api") + 0).values("of").annotate(failed=Sum(FAILED)).filter(failed__gt=0)
    chosen = [row["of"] for row in sums.order_by("-failed", "of")[: 2 * number]]  # some of them are mended
    minutes = _minutes_of(chosen, now=now)
    apis = _with_last_failure().in_bulk(chosen)
    found = [(apis[pk], failing) for pk in chosen if pk in apis and (failing := _failing(minutes[pk])) and not _was_mended(apis[pk])]
    return sorted(found, key=lambda one: -one[1].failed)[:number]


def failing_now_of(api: Api, *, now: datetime) -> Failing | None:
    """Return how *api* fails; ``None`` where it does not, or not any more."""
    failing = _failing(_minutes_of([api.pk], now=now)[api.pk])
    return failing if failing and not _was_mended(_with_last_failure().get(pk=api.pk)) else None


def _with_last_failure() -> QuerySet[Any]:
    """Return the APIs with what they present, and what the last of their calls that failed was made with."""
    last = FailedCall.objects.filter(api=OuterRef("pk")).order_by("-at", "-id")
    related = ("certificate__current", "certificate__ahead", "stays_with")
    told_by = ("name", "display_name", "certificate__canary", *(f"{one}__number" for one in related))
    version = Subquery(last.values("presented")[:1], output_field=UUIDField())
    return Api.objects.select_related(*related).only(*told_by).annotate(last=Subquery(last.values("pk")[:1]), with_version=version)


def _was_mended(api: Any) -> bool:
    """Return whether another certificate, or one at all, is presented since the last failure: whether that helps, the next call shows."""
    presented = api.presented
    return api.last is not None and api.with_version != (presented.pk if presented else None)


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
