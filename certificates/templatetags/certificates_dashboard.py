"""What the dashboard says about certificates."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from certificates.models import ClientCertificate

register = template.Library()


@register.inclusion_tag("certificates/_dashboard_figure.html")
def certificates_figure() -> dict[str, Any]:
    """Render how many certificates there are, and how many of them need care."""
    expiring = ClientCertificate.objects.expiring(now=timezone.now()).count()
    return {"number": ClientCertificate.objects.count(), "expiring": expiring}
