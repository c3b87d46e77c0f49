"""What the dashboard says about certificates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.db.models import Count
from django.utils import timezone

from certificates.kinds import CLIENT_CERTIFICATES, SERVER_CERTIFICATES
from certificates.models import Certificate, ClientCertificate, ServerCertificate

register = template.Library()

_MOST_URGENT = 5


@register.inclusion_tag("certificates/_dashboard_figure.html")
def certificates_figure() -> dict[str, Any]:
    """Render how many certificates there are, and how many of them need care."""
    expiring = ClientCertificate.objects.expiring(now=timezone.now()).count()
    return {"number": ClientCertificate.objects.count(), "expiring": expiring}


@register.inclusion_tag("certificates/_dashboard_expiring.html")
def expiring_certificates() -> dict[str, Any]:
    """Render the most urgent of the certificates that have expired or soon will."""
    now = timezone.now()
    presented = ClientCertificate.objects.expiring(now=now).select_related("current").annotate(used_by=Count("apis"))
    shown = ServerCertificate.objects.expiring(now=now).select_related("current")
    both = [(CLIENT_CERTIFICATES, one) for one in presented[:_MOST_URGENT]] + [(SERVER_CERTIFICATES, one) for one in shown[:_MOST_URGENT]]
    return {"certificates": sorted(both, key=lambda found: _not_after(found[1]))[:_MOST_URGENT]}


def _not_after(certificate: Certificate) -> datetime:
    assert certificate.current is not None  # noqa: S101 - an entry is made with its first version
    return certificate.current.not_after
