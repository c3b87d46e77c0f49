"""What pages say about candidates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html

from certificates.rollout import failing
from certificates.rollout.comparison import FieldName, Part, Row
from certificates.rollout.models import Candidate, Rules, rules_of
from portal.sentences import SOURCES
from portal.templatetags.portal import exact, thumbprint

register = template.Library()


@register.simple_tag
def shown_part(row: Row, part: Part) -> Any:
    """Render a part of a compared value: moments and thumbprints as everywhere."""
    match row.name:
        case FieldName.THUMBPRINT:
            return thumbprint(part.text, short=True, copy=False)
        case FieldName.NOT_BEFORE | FieldName.NOT_AFTER:
            return exact(datetime.fromisoformat(part.text))
        case FieldName.PURPOSES | FieldName.KEY_USAGE | FieldName.SIGNATURE:
            return format_html("<code>{}</code>", part.text)
        case _:
            return format_html("<bdi>{}</bdi>", part.text)


@register.filter
def origin(source: str) -> str:
    """Return where a candidate came from, in words."""
    return str(SOURCES.get(source, source))


@register.filter
def fails(candidate: Candidate) -> bool:
    """Return whether a candidate is not switched to though that was planned."""
    return failing.fails(candidate)


@register.filter
def waits_for_its_times(candidate: Candidate) -> bool:
    """Return whether a candidate is switched to within times only: a source has brought it, and no person said otherwise."""
    return candidate.confirmed_at is None and rules_of(candidate.certificate).sources == Rules.Sources.WINDOW


@register.filter
def times(number: int, factor: int) -> int:
    """Return a number so many times."""
    return number * factor


@register.filter
def as_moment(written: str) -> datetime:
    """Return a moment that was written into a receipt."""
    return datetime.fromisoformat(written)
