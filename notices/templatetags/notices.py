"""What other rooms' pages say about notices."""

from __future__ import annotations

from typing import Any

from django import template

from certificates.kinds import Pages
from certificates.models import Certificate
from notices.standing import standing_of

register = template.Library()


@register.inclusion_tag("notices/_entry.html")
def entry_notices(entry: Certificate, pages: Pages, *, may_change: bool) -> dict[str, Any]:
    """Render who is told of *entry*."""
    return {"entry": entry, "kind": entry.kind, "pages": pages, "may_change": may_change, **standing_of(entry)}
