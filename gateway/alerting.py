"""Watches what somebody should be told of at once: calls that fail more than before, gateways that are behind, away or removed.

What holds is a row (:class:`gateway.alert.Alert`) until it has not held for :data:`QUIET`. So what comes and goes is one alert, and of one
thing two messages at most are sent in that time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import F, Min, Q, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apis.models import Api
from gateway.alert import Alert, AlertKind
from gateway.counts import ApiCount, Span
from gateway.models import Delivery, Gateway
from gateway.seeing.figures import CALLS, FAILED
from gateway.turned_away import TurnedAway
from portal.clock import shared
from portal.models import Activity, Event
from portal.troubles import Topic, Trouble

QUIET = timedelta(minutes=5)
LOOKED_AT = timedelta(minutes=10)  # of calls
_BEFORE = timedelta(hours=24)  # what they are compared with
_LEAST_FAILED, _LEAST_SHARE, _TIMES = 5, 0.05, 3  # failed calls, their share of all, and how many times the share of before
_GATEWAY_PATIENCE = timedelta(minutes=2)
_STOPPING_PATIENCE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What holds now."""

    key: str
    kind: AlertKind
    api: int | None = None
    gateway: int | None = None
    figures: dict[str, int] = field(default_factory=dict)


def watch(*, now: datetime) -> None:
    """Note what holds now, and forget what has not held for a while. Several processes may do so at once."""
    known = dict(Alert.objects.values_list("key", "began_at"))
    seen = [*_failing(now, known), *_gateways(shared(now))]
    rows = [
        Alert(key=one.key, kind=one.kind, api_id=one.api, gateway_id=one.gateway, figures=one.figures, began_at=now, seen_at=now)
        for one in seen
        if one.key not in known
    ]
    if not (seen or known):
        return  # as nearly always: then nothing is written
    with transaction.atomic():
        Alert.objects.bulk_create(rows, ignore_conflicts=True)
        Alert.objects.filter(key__in=[one.key for one in seen]).update(seen_at=now)
        Alert.objects.filter(seen_at__lt=now - QUIET).delete()


def troubles() -> Iterator[Trouble]:
    """Yield what holds, or did a short while ago, and who was removed and knocks, for those who are told (:mod:`portal.troubles`)."""
    for alert in Alert.objects.select_related("api", "gateway"):
        path, told_to, topic = _place(alert)
        yield Trouble(
            key=f"alert:{alert.key}",
            episode=alert.began_at.isoformat(),
            name=str(alert.api or alert.gateway),
            reason=_reason(alert),
            path=path,
            told_to=told_to,
            topic=topic,
        )
    yield from _turned_away()


def _turned_away() -> Iterator[Trouble]:
    """Yield the gateways that were removed and still knock when whoever has removed them has had the time to stop them."""
    knocks = list(TurnedAway.objects.lately(now=timezone.now()))
    lines = Activity.objects.filter(event=Event.GATEWAY_REMOVED, subject_name__in=[knock.name for knock in knocks])
    removed = dict(lines.order_by("id").values_list("subject_name", "at")) if knocks else {}
    for knock in knocks:
        if knock.name in removed and knock.last_at < removed[knock.name] + _STOPPING_PATIENCE:
            continue
        yield Trouble(
            key=f"turned-away:{knock.fingerprint}",
            episode=knock.fingerprint,
            name=knock.name,
            reason=_("it was removed and still knocks, from %(address)s. Stop it there, or add it again.") % {"address": knock.address},
            path=reverse("gateways:index"),
            told_to="gateway.change_gateway",
            topic=Topic.GATEWAYS,
        )


def _place(alert: Alert) -> tuple[str, str, Topic]:
    if alert.api:
        return f"{reverse('failures:index')}?{urlencode({'api': alert.api.name})}", "apis.change_api", Topic.CALLS
    return reverse("gateways:index"), "gateway.change_gateway", Topic.GATEWAYS


def _reason(alert: Alert) -> Any:
    if alert.kind == AlertKind.AWAY:
        return _("it is not connected, and gets no changes.")
    if alert.kind == AlertKind.BEHIND:
        return _("it has not taken a change for two minutes.")
    figures = alert.figures | {"before": f"{alert.figures['before_permille'] / 10:g}"}
    if figures["refused"] and figures.get("version"):
        words = _(
            "%(failed)d of %(calls)d calls in 10 minutes, %(refused)d refusals of the certificate, version %(version)d; before, "
            "%(before)s %%."
        )
        return words % figures
    return _("%(failed)d of %(calls)d calls in 10 minutes got no answer or were refused; before, %(before)s %%.") % figures


def _failing(now: datetime, known: dict[str, datetime]) -> Iterator[_Seen]:
    """Yield the APIs whose calls fail more than they did; of one that is known, whether more or not."""
    lately = ApiCount.objects.filter(span=Span.MINUTE, at__gte=now - LOOKED_AT).order_by()
    failing = [row["api"] for row in lately.values("api").annotate(failed=Sum(FAILED)).filter(failed__gte=_LEAST_FAILED)]
    sums = _sums(lately.filter(api__in=failing))
    hours = ApiCount.objects.filter(span=Span.HOUR, api__in=failing, at__gte=now - _BEFORE, at__lt=Span.HOUR.begin(now - LOOKED_AT))
    before = _sums(hours.order_by())
    presented = Coalesce("stays_with__number", "certificate__current__number")
    versions = dict(Api.objects.filter(pk__in=failing).values_list("pk", presented))
    for api, (calls, failed, refused) in sorted(sums.items()):
        share, share_before = _share(calls, failed), _share(*before.get(api, (0, 0, 0))[:2])
        key = f"{AlertKind.FAILURES}:{api}"
        if share >= _LEAST_SHARE and (key in known or share >= _TIMES * share_before):
            figures = {"calls": calls, "failed": failed, "refused": refused, "before_permille": round(share_before * 1000)}
            yield _Seen(key=key, kind=AlertKind.FAILURES, api=api, figures=figures | {"version": versions.get(api) or 0})


def _sums(rows: Any) -> dict[int, tuple[int, int, int]]:
    found = rows.values("api").annotate(calls=Sum(CALLS), failed=Sum(FAILED), refused=Sum("refused_certificate"))
    return {row["api"]: (row["calls"], row["failed"], max(row["refused"], 0)) for row in found}


def _share(calls: int, failed: int) -> float:
    return max(failed, 0) / calls if calls > 0 else 0.0


def _gateways(now: datetime) -> Iterator[_Seen]:
    """Yield the gateways that are away, or have been sent a change that they have neither taken nor refused.

    :param now: by the database's clock, by which control planes tell moments
    """
    sent = Delivery.objects.filter(applied_at=None, reason="", sent_at__gte=F("gateway__connected_at"))
    waiting = sent.order_by().values("gateway").annotate(since=Min("sent_at"))
    late = {row["gateway"] for row in waiting.filter(since__lt=now - _GATEWAY_PATIENCE)}
    left = Q(disconnected_at__isnull=True) | Q(disconnected_at__lt=now - _GATEWAY_PATIENCE)
    gone = set(Gateway.objects.filter(left, seen_at__lt=now - _GATEWAY_PATIENCE, connected_at__isnull=False).values_list("pk", flat=True))
    for gateway in Gateway.objects.with_presence():
        if not gateway.is_connected and gateway.pk in gone:
            yield _Seen(key=f"{AlertKind.AWAY}:{gateway.pk}", kind=AlertKind.AWAY, gateway=gateway.pk)
        elif gateway.is_connected and gateway.pk in late:
            yield _Seen(key=f"{AlertKind.BEHIND}:{gateway.pk}", kind=AlertKind.BEHIND, gateway=gateway.pk)
