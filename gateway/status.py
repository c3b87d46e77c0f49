"""Whether a change is live, from what the gateways have told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from apis.models import Api
from certificates.models import Certificate, CertificateVersion, ClientCertificate
from certificates.unloadable import explanation_of
from gateway.models import Delivery, Gateway, Refusal
from portal.live import Kind, LiveStatus, Standing, State
from portal.models import Activity, Event

_REMEMBERED = timedelta(days=1)  # how long a gateway that went away is mentioned
_CANDIDATES = ("PROPOSED", "PLANNED", "DISCARDED", "RULES_CHANGED", "KEY_DESTROYED")
SILENT = {  # events that change nothing of what gateways have
    Event.SUBSCRIPTION_KEY_SHOWN,
    Event.CERTIFICATE_MOVE_PLANNED,
    Event.CERTIFICATE_MOVE_DISCARDED,
    *(Event[f"{kind}_{what}"] for kind in ("CERTIFICATE", "SERVER_CERTIFICATE") for what in _CANDIDATES),
    *(Event[f"AUTHORITY_{what}"] for what in _CANDIDATES[:3]),
}


def status_of(kind: Kind, pk: int, *, now: datetime | None = None) -> LiveStatus:
    """Return whether the newest change of something is live. At most six queries; of what is refused seven."""
    now = now or timezone.now()
    entry = _entry(kind, pk)
    line = _newest_line(kind, pk, entry)
    gateways = list(Gateway.objects.with_presence().filter(connected_at__isnull=False))
    connected = [gateway for gateway in gateways if gateway.is_connected]
    refusals = _refusals(kind, pk, entry)
    deliveries = {delivery.gateway_id: delivery for delivery in Delivery.objects.filter(change=line.id)} if line else {}
    return LiveStatus(
        change=line.id if line else None,
        changed_at=line.at if line else None,
        changed_by=line.actor_name if line else "",
        standings=tuple(_standing(gateway, line, deliveries.get(gateway.pk), refusals.get(gateway.pk)) for gateway in connected),
        problem=refusals[None].reason if None in refusals else "",
        away=tuple(gateway.name for gateway in gateways if gateway not in connected and _left_lately(gateway, now)),
        certificate=entry.name if entry else "",
        version=entry.version if entry else None,
    )


def stand_ins(certificate: Certificate) -> set[UUID]:
    """Return which versions of an entry gateways present because they have refused the current one."""
    found = Refusal.objects.filter(presents__certificate=certificate.pk)
    return {pk for pk in found.values_list("presents", flat=True) if pk}


def deliveries_of(change: int) -> dict[str, dict[str, Any]]:
    """Return what gateways have acknowledged of a change, by name: moments as ISO 8601 has them, and Envoy's words where it was refused."""
    rows = Delivery.objects.filter(change=change).values_list("gateway__name", "sent_at", "applied_at", "reason")
    return {
        gateway: {"sent_at": sent.isoformat(), "applied_at": applied.isoformat() if applied else None, "refused": reason}
        for gateway, sent, applied, reason in rows
    }


@dataclass(frozen=True, slots=True)
class _Entry:
    """The certificate entry that something is, or presents."""

    pk: int
    name: str
    version: int | None  # the number of the current one
    version_pk: UUID | None


@dataclass(frozen=True, slots=True)
class _Refused:
    """That a gateway refuses something, and what it presents instead."""

    reason: str
    explanation: str
    presents: int | None


def _entry(kind: Kind, pk: int) -> _Entry | None:
    match kind:
        case Kind.API:
            entries = ClientCertificate.objects.filter(apis=pk)
        case Kind.CERTIFICATE:
            entries = ClientCertificate.objects.filter(pk=pk)
        case Kind.SUBSCRIPTION | Kind.SERVER_CERTIFICATE | Kind.AUTHORITY:
            return None
    found = entries.values_list("pk", "name", "current__number", "current").first()
    return _Entry(*found) if found else None


def _newest_line(kind: Kind, pk: int, entry: _Entry | None) -> Activity | None:
    """Return the newest line that has changed what the gateways have of it; for an API its certificate's and its authorities', too."""
    about = _lines_of(kind, pk)
    if kind is Kind.API and entry:
        about |= _lines_of(Kind.CERTIFICATE, entry.pk)
    if kind is Kind.API:
        for authority in _authorities_of(pk):
            about |= _lines_of(Kind.AUTHORITY, authority)
    return Activity.objects.filter(about).order_by("-id").first()


def _authorities_of(api: int) -> set[int]:
    """Return the trusted authorities that an API's back end or callers have to lead to."""
    found = Api.objects.filter(pk=api).values_list("trusted_authority", "caller_authority").first() or ()
    return {pk for pk in found if pk is not None}


def _lines_of(kind: Kind, pk: int) -> Q:
    events = [event for event in Event if event.value.partition(".")[0] == kind and event not in SILENT]
    return Q(subject_id=str(pk), event__in=events)


def _refusals(kind: Kind, pk: int, entry: _Entry | None) -> dict[int | None, _Refused]:
    """Return what is refused, by gateway; ``None``: it could not be prepared. Of several the worst: one whose calls are refused."""
    match kind:
        case Kind.API:
            about = Q(api=pk)
        case Kind.CERTIFICATE:
            about = Q(api__certificate=pk)
        case Kind.AUTHORITY:
            about = Q(api__trusted_authority=pk) | Q(api__caller_authority=pk)
        case Kind.SUBSCRIPTION | Kind.SERVER_CERTIFICATE:
            return {}
    worst_last = F("presents__number").desc(nulls_last=True)
    rows = Refusal.objects.filter(about).order_by(worst_last).values_list("gateway", "reason", "presents__number").distinct()
    current = CertificateVersion.objects.filter(pk=entry.version_pk).first() if rows and entry and entry.version_pk else None
    certificates = (bytes(current.der), *current.chain_der) if current else ()
    return {gateway: _Refused(reason, explanation_of(reason, certificates), presents) for gateway, reason, presents in rows}


def _standing(gateway: Gateway, line: Activity | None, delivery: Delivery | None, refused: _Refused | None) -> Standing:
    measured = delivery.applied_at if delivery else None
    if line and not measured and gateway.applied_change < line.id:  # what it had refused before does not count: this may mend it
        return Standing(gateway=gateway.name, state=State.WAITING)
    if refused:
        return Standing(
            gateway=gateway.name,
            state=State.REFUSED,
            reason=refused.reason,
            explanation=refused.explanation,
            presents=refused.presents,
        )
    # By the clocks of two machines: where they differ by more than it took, nobody knows how long that was.
    took = measured - line.at if line and measured and measured >= line.at else None
    return Standing(
        gateway=gateway.name, state=State.LIVE, milliseconds=round(took / timedelta(milliseconds=1)) if took is not None else None
    )


def _left_lately(gateway: Gateway, now: datetime) -> bool:
    left = gateway.disconnected_at or gateway.seen_at
    return left is not None and left > now - _REMEMBERED
