"""What the dashboard says about client certificates."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import Count
from django.utils import timezone

from certificates.models import ClientCertificate

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
    expiring = ClientCertificate.objects.expiring(now=timezone.now()).select_related("current")
    return {"certificates": expiring.annotate(used_by=Count("apis"))[:_MOST_URGENT]}
