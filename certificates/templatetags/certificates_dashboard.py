"""What the dashboard says about certificates."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from certificates.endings import endings
from certificates.models import Kind

register = template.Library()


@register.inclusion_tag("certificates/_dashboard_figure.html")
def certificates_figure() -> dict[str, Any]:
    """Render how many certificates there are, and how many of them need care."""
    of_clients, now = endings()[Kind.CLIENT], timezone.now()
    return {"number": len(of_clients.all), "expiring": len(of_clients.expired(now)) + len(of_clients.expiring(now))}
