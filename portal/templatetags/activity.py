"""What the dashboard tells of the activity log."""

from __future__ import annotations

from typing import Any

from django import template

from portal.models import Activity
from portal.sentences import tell

register = template.Library()

_RECENT = 8


@register.inclusion_tag("portal/_recent.html")
def recent_activity() -> dict[str, Any]:
    """Render the newest lines of the log."""
    return {"lines": tell(Activity.objects.all()[:_RECENT])}
