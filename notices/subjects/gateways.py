"""Enrolments of gateways, which renew themselves long before they end: one that comes near has failed to. And their authority."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509
from django.db.models.functions import Coalesce
from django.urls import reverse

from gateway.models import Gateway, NodeAuthority
from notices.subject import Kind, Subject

_TOLD_TO = "gateway.change_gateway"


def look(*, now: datetime, within: timedelta) -> Iterator[Subject]:
    """Yield what ends within that time, or has ended."""
    ends_at = Coalesce("next_enrolled_until", "enrolled_until")
    for gateway in Gateway.objects.alias(ends_at=ends_at).filter(ends_at__lte=now + within):
        yield Subject(
            kind=Kind.GATEWAY,
            key=f"gateway:{gateway.pk}",
            version=gateway.next_fingerprint or gateway.fingerprint,
            name=gateway.name,
            path=reverse("gateways:index"),
            told_to=_TOLD_TO,
            ends_at=gateway.next_enrolled_until or gateway.enrolled_until,
        )
    yield from _authority(now + within)


def _authority(until: datetime) -> Iterator[Subject]:
    der = NodeAuthority.objects.values_list("certificate", flat=True).first()
    if der is None:
        return
    try:
        certificate = x509.load_der_x509_certificate(bytes(der))
    except ValueError:  # damaged: other pages tell
        return
    if certificate.not_valid_after_utc <= until:
        yield Subject(
            kind=Kind.GATEWAY_AUTHORITY,
            key="gateway-authority",
            version=str(certificate.serial_number),
            name=certificate.subject.rfc4514_string(),
            path=reverse("gateways:index"),
            told_to=_TOLD_TO,
            ends_at=certificate.not_valid_after_utc,
        )
