"""What other pages show of client certificates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone

from certificates.facts import Facts
from certificates.models import EXPIRES_SOON, ClientCertificate

register = template.Library()

_MOST_URGENT = 5


@register.inclusion_tag("certificates/_summary.html")
def certificates_summary() -> dict[str, Any]:
    """Render how many certificates there are and which need a renewal most urgently."""
    expiring = ClientCertificate.objects.expiring(now=timezone.now())
    urgent = list(expiring.select_related("current")[:_MOST_URGENT])
    return {
        "urgent": urgent,
        "urgent_count": expiring.count() if len(urgent) == _MOST_URGENT else len(urgent),
        "total": ClientCertificate.objects.count(),
    }


@register.filter
def validity(facts: Facts, now: datetime) -> str:
    """Return ``expired``, ``not-yet-valid``, ``expires-soon`` or ``valid``."""
    if facts.not_after <= now:
        return "expired"
    if facts.not_before > now:
        return "not-yet-valid"
    return "expires-soon" if facts.not_after < now + EXPIRES_SOON else "valid"
