"""Which APIs fail now, by their calls of the last hour: one rule for the dashboard, an API's picture and lists."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum, UUIDField, Value, When
from django.db.models.functions import Coalesce

from apis.models import Api
from gateway.counts import ApiCount, Span
from gateway.models import FailedCall
from gateway.seeing.figures import CALLS, FAILED

_LOOKED_AT = timedelta(hours=1)
_MENDED = timedelta(minutes=5)  # that long without a failure
_FAILED = Q(no_answer__gt=0) | Q(refused_certificate__gt=0)  # as FAILED counts them
_NONE = Value(UUID(int=0), output_field=UUIDField())  # presented: NULL is like nothing, not even like itself
_PRESENTED = Case(  # as Api.presented
    When(certificate=None, then=None),
    When(stays_with__isnull=False, then="stays_with"),
    When(certificate__ahead__isnull=False, certificate__canary=F("name"), then="certificate__ahead"),
    default="certificate__current",
    output_field=UUIDField(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """How an API fails: of its *calls* in the last hour how many have *failed*, the first of them in the minute *since*."""

    calls: int
    failed: int
    since: datetime


def failing_now(number: int, *, now: datetime) -> list[tuple[Api, Failing]]:
    """Return the APIs of which calls fail, the most first."""
    found = _failing_among(None, now=now)
    chosen = sorted(found, key=lambda pk: (-found[pk].failed, pk))[:number]
    apis = Api.objects.only("name", "display_name").in_bulk(chosen)
    return [(apis[pk], found[pk]) for pk in chosen if pk in apis]


def failing_now_of(api: Api, *, now: datetime) -> Failing | None:
    """Return how *api* fails; ``None`` where it does not, or not any more."""
    return _failing_among([api.pk], now=now).get(api.pk)


def _failing_among(apis: Collection[int] | None, *, now: datetime) -> dict[int, Failing]:
    """Return how those of *apis*, by their ids, fail that do."""
    found = Api.objects.filter(failing(now, among=apis)).values("pk")
    rows = _minutes(now, apis).filter(api__in=found).order_by().values("api_id")
    sums = rows.annotate(calls=Sum(CALLS), failed=Sum(FAILED), since=Min("at", filter=_FAILED))
    return {row["api_id"]: Failing(calls=row["calls"], failed=row["failed"], since=row["since"]) for row in sums}


def failing(now: datetime, kinds: Q = _FAILED, *, among: Collection[int] | None = None) -> Q:
    """Return the condition for APIs whose calls of the last hour have failed in one of these *kinds*; it is quicker *among* few.

    Without those of which calls have been answered for :data:`_MENDED`, and those that present another certificate since the last
    failure, or none: whether that helps, the next call shows.
    """
    return Q(pk__in=_failed_lately(now, kinds, among)) & ~Q(pk__in=_present_another())


def _minutes(now: datetime, apis: Collection[int] | None) -> QuerySet[ApiCount]:
    """Return the counts of the last hour's minutes, of *apis* alone, or of all."""
    minutes = ApiCount.objects.filter(span=Span.MINUTE, at__gte=now - _LOOKED_AT)
    return minutes if apis is None else minutes.filter(api__in=apis)


def _failed_lately(now: datetime, kinds: Q, among: Collection[int] | None) -> QuerySet[Any]:
    minutes = _minutes(now, among).order_by()
    lasts = minutes.filter(api__in=minutes.filter(kinds).values("api")).values("api")
    called = lasts.annotate(calls=CALLS).filter(calls__gt=0).values("api")
    return (
        called.annotate(failed_at=Max("at", filter=_FAILED), called_at=Max("at"))
        .filter(called_at__lt=F("failed_at") + _MENDED)
        .values("api")
    )


def _present_another() -> QuerySet[Any]:
    last = FailedCall.objects.filter(api=OuterRef("pk")).order_by("-at", "-id")
    with_version = Coalesce(Subquery(last.values("presented")[:1], output_field=UUIDField()), _NONE)
    apis = Api.objects.alias(last=Subquery(last.values("pk")[:1]), with_version=with_version, presents=Coalesce(_PRESENTED, _NONE))
    return apis.filter(~Q(with_version=F("presents")), last__isnull=False).values("pk")
