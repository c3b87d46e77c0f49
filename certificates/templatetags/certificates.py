"""What pages say about a certificate's validity."""

from __future__ import annotations

from datetime import datetime

from django import template

from certificates import problems
from certificates.facts import Facts
from certificates.models import EXPIRES_SOON
from certificates.pfx import Aside

register = template.Library()


@register.filter
def why(aside: Aside) -> str:
    """Return why a certificate of the file is not sent."""
    return problems.reason(aside.reason)


@register.filter
def validity(facts: Facts, now: datetime) -> str:
    """Return ``expired``, ``not-yet-valid``, ``expires-soon`` or ``valid``."""
    if facts.not_after <= now:
        return "expired"
    if facts.not_before > now:
        return "not-yet-valid"
    return "expires-soon" if facts.not_after < now + EXPIRES_SOON else "valid"
