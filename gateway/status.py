"""Whether a change is live, from what the gateways have told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from apis.models import Api
from gateway.models import Delivery, Gateway, Refusal
from portal.live import Kind, LiveStatus, Standing, State
from portal.models import Activity, Event

_REMEMBERED = timedelta(days=1)  # how long a gateway that went away is mentioned
_SILENT = {Event.SUBSCRIPTION_KEY_SHOWN}  # events that change nothing


def status_of(kind: Kind, pk: int, *, now: datetime | None = None) -> LiveStatus:
    """Return whether the newest change of something is live. At most five queries."""
    now = now or timezone.now()
    line = _newest_line(kind, pk)
    gateways = list(Gateway.objects.filter(connected_at__isnull=False))
    connected = [gateway for gateway in gateways if gateway.is_connected(now=now)]
    refusals = list(_refusals(kind, pk))
    deliveries = {delivery.gateway_id: delivery for delivery in Delivery.objects.filter(change=line.id)} if line else {}
    return LiveStatus(
        change=line.id if line else None,
        changed_at=line.at if line else None,
        changed_by=line.actor_name if line else "",
        standings=tuple(_standing(gateway, line, deliveries.get(gateway.pk), refusals) for gateway in connected),
        problem=next((refusal.reason for refusal in refusals if refusal.gateway_id is None), ""),
        away=tuple(gateway.name for gateway in gateways if gateway not in connected and _left_lately(gateway, now)),
    )


def _newest_line(kind: Kind, pk: int) -> Activity | None:
    """Return the newest line that has changed what the gateways have of it; for an API its certificate's, too."""
    about = _lines_of(kind, pk)
    if kind is Kind.API and (certificate := Api.objects.filter(pk=pk).values_list("certificate", flat=True).first()):
        about |= _lines_of(Kind.CERTIFICATE, certificate)
    return Activity.objects.filter(about).order_by("-id").first()


def _lines_of(kind: Kind, pk: int) -> Q:
    events = [event for event in Event if event.value.partition(".")[0] == kind and event not in _SILENT]
    return Q(subject_id=str(pk), event__in=events)


def _refusals(kind: Kind, pk: int) -> Iterable[Refusal]:
    match kind:
        case Kind.API:
            return Refusal.objects.filter(api=pk)
        case Kind.CERTIFICATE:
            return Refusal.objects.filter(api__certificate=pk)
        case Kind.SUBSCRIPTION:
            return ()


def _standing(gateway: Gateway, line: Activity | None, delivery: Delivery | None, refusals: Iterable[Refusal]) -> Standing:
    if refusal := next((one for one in refusals if one.gateway_id == gateway.pk), None):
        return Standing(gateway=gateway.name, state=State.REFUSED, reason=refusal.reason)
    if line and delivery and delivery.applied_at:
        took = max(delivery.applied_at - line.at, timedelta(0))
        return Standing(gateway=gateway.name, state=State.LIVE, milliseconds=round(took / timedelta(milliseconds=1)))
    live = line is None or gateway.applied_change >= line.id
    return Standing(gateway=gateway.name, state=State.LIVE if live else State.WAITING)


def _left_lately(gateway: Gateway, now: datetime) -> bool:
    left = gateway.disconnected_at or gateway.seen_at
    return left is not None and left > now - _REMEMBERED
