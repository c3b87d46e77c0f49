"""What the dashboard tells of the activity log."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import RequestContext

from portal.activity.reading import seen_by
from portal.sentences import tell

register = template.Library()

_RECENT = 8


@register.inclusion_tag("portal/_recent.html", takes_context=True)
def recent_activity(context: RequestContext) -> dict[str, Any]:
    """Render the newest lines of the log that the reader may see."""
    request = context["request"]
    return {"request": request, "lines": tell(seen_by(request.user).newest(_RECENT))}
