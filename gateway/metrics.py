"""What machines are told of gateways and calls: how calls have ended, who is connected, who is behind, what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from gateway.counts import OUTCOMES, ApiCount, Span, TotalCount
from gateway.models import Delivery, Gateway, Refusal
from gateway.seeing.outcomes import Outcome
from portal.clock import shared
from portal.metrics.families import gauge
from portal.metrics.measured import MOST

# As the fields of the rows are called, in their order.
_OUTCOMES = dict(zip(OUTCOMES, Outcome, strict=True))
_SINCE = "Counted since the month began (UTC); at its beginning it begins anew, as counters do when a process is started again."


def measure() -> Iterator[Metric]:
    """Yield the families."""
    now = timezone.now()
    yield from _calls(now)
    yield from _gateways(shared(now))  # by which control planes tell moments
    refused = gauge("portal_refusals", "What a gateway has refused; an empty gateway: what could not be prepared.", "gateway")
    for gateway, number in Refusal.objects.order_by("gateway__name").values_list("gateway__name").annotate(number=Count("pk")):
        refused.add_metric((gateway or "",), number)
    yield refused


def _calls(now: datetime) -> Iterator[Metric]:
    month = Q(span=Span.DAY, at__gte=now.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    sums = {name: Sum(name) for name in OUTCOMES}
    total = CounterMetricFamily("portal_gateway_calls", f"Calls, also of no API, by how they ended. {_SINCE}", labels=("outcome",))
    for name, number in TotalCount.objects.filter(month).aggregate(**sums).items():
        total.add_metric((_OUTCOMES[name].value,), max(number or 0, 0))
    yield total
    calls = CounterMetricFamily("portal_calls", f"Calls of an API, by how they ended. {_SINCE}", labels=("api", "outcome"))
    rows: QuerySet[Any, Any] = (
        ApiCount.objects.filter(month)
        .order_by("api_id")
        .values("api_id", "api__name")
        .annotate(**{f"sum_{name}": one for name, one in sums.items()})
    )
    for row in rows[:MOST]:
        for name, outcome in _OUTCOMES.items():
            calls.add_metric((row["api__name"], outcome.value), max(row[f"sum_{name}"], 0))
    yield calls


def _gateways(now: datetime) -> Iterator[Metric]:
    gateways = list(Gateway.objects.with_presence()[:MOST])
    waiting = _waiting()
    states = gauge("portal_gateways", "Gateways: up to date, behind with a change, or away.", "state")
    behind = gauge("portal_gateway_behind_seconds", "For how long a connected gateway has not applied a change.", "gateway")
    told = [_state(gateway, waiting) for gateway in gateways]
    for state in ("connected", "behind", "away"):
        states.add_metric((state,), told.count(state))
    for gateway, state in zip(gateways, told, strict=True):
        if state != "away":
            since = waiting.get(gateway.pk)
            behind.add_metric((gateway.name,), max((now - since).total_seconds(), 0.0) if since else 0.0)
    yield states
    yield behind
    yield from _newest_changes()


def _state(gateway: Gateway, waiting: dict[int, datetime]) -> str:
    if not gateway.is_connected:
        return "away"
    return "behind" if gateway.pk in waiting else "connected"


def _waiting() -> dict[int, datetime]:
    """Return since when gateways have been sent a change that they have neither applied nor refused, by their ids."""
    sent = Delivery.objects.filter(applied_at=None, reason="", sent_at__gte=F("gateway__connected_at"))
    return dict(sent.order_by("gateway").values_list("gateway").annotate(since=Min("sent_at")))


def _newest_changes() -> Iterator[Metric]:
    took = gauge("portal_gateway_last_change_seconds", "How long a gateway took to apply its newest change.", "gateway")
    applied = Delivery.objects.filter(gateway=OuterRef("pk"), applied_at__isnull=False).order_by("-change").values("pk")[:1]
    newest = Gateway.objects.annotate(newest=Subquery(applied)).values("newest")
    for name, sent, settled in Delivery.objects.filter(pk__in=newest).values_list("gateway__name", "sent_at", "applied_at"):
        assert settled is not None  # noqa: S101 - it was asked for
        took.add_metric((name,), max((settled - sent).total_seconds(), 0.0))
    yield took
