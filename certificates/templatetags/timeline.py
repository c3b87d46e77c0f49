"""The timeline on other pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext
from django.urls import reverse
from django.utils import timezone

from certificates.kinds import PAGES, seen_by
from certificates.models import Kind
from certificates.timeline.drawing import Happening, Mark
from certificates.timeline.happenings import strip
from certificates.timeline.words import sentence

register = template.Library()


@register.inclusion_tag("certificates/timeline/_strip.html", takes_context=True)
def timeline(context: RequestContext, kind: str = "") -> dict[str, Any]:
    """Render the next twelve months of the entries of a *kind* (empty: of all, and with what the marks mean) that the reader may see."""
    kinds = [one for one in seen_by(context["request"].user) if one == kind or not kind]
    drawn, later = strip(kinds, now=timezone.now())
    marks = [(mark, _address(mark.happening), sentence(mark.happening), _is_unused(mark)) for mark in drawn.marks]
    return {"strip": drawn, "marks": marks, "later": later, "explained": not kind}


def _address(happening: Happening) -> str:
    """Return the page of the entry, or the table of those days."""
    if happening.name:
        return reverse(PAGES[Kind(happening.kind)].to["detail"], args=[happening.name])
    return f"{reverse('timeline:index')}?from={happening.day.isoformat()}&to={happening.last.isoformat()}"


def _is_unused(mark: Mark) -> bool:
    """Return whether nothing depends on it; of server certificates that is not known here."""
    return mark.happening.used == 0 and mark.happening.kind == Kind.CLIENT
