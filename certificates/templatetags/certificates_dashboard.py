"""What the dashboard says about certificates."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import Count
from django.utils import timezone

from certificates.kinds import PAGES
from certificates.models import EXPIRES_SOON, Certificate, ClientCertificate, Kind
from certificates.rollout.failing import entries
from certificates.sources.standing import failing

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
    soon = Certificate.objects.filter(current__not_after__lte=timezone.now() + EXPIRES_SOON).order_by("current__not_after", "name")
    found = soon.select_related("current").annotate(used_by=Count("apis"))[:_MOST_URGENT]
    return {"certificates": [(PAGES[Kind(one.kind)], one) for one in found]}


@register.inclusion_tag("certificates/sources/_dashboard_failing.html")
def failing_sources() -> dict[str, Any]:
    """Render which entries do not renew themselves as they should: whose sources fail, the longest first, then whose new version waits."""
    found = [(source.certificate, source.trouble) for source in failing()[: _MOST_URGENT + 1]]
    found += entries()
    shown = [(PAGES[Kind(entry.kind)], entry, reason) for entry, reason in found[:_MOST_URGENT]]
    return {"entries": shown, "more": len(found) > _MOST_URGENT}
