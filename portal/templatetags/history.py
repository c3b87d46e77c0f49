"""What pages say of the way back."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.template import RequestContext

from portal.history import restoring
from portal.history.undo import line_to_undo
from portal.models import Activity

register = template.Library()


@register.inclusion_tag("history/_undo.html", takes_context=True)
def undo_of(context: RequestContext, message: Message) -> dict[str, Any]:
    """Render the button that undoes what *message* says was done, if it offers that."""
    return {"number": line_to_undo(message.extra_tags or ""), "csrf_token": context.get("csrf_token")}


@register.simple_tag(takes_context=True)
def may_restore(context: RequestContext, line: Activity) -> bool:
    """Return whether the reader may put the values of *line* back."""
    return restoring.may_restore(context["request"].user, line)
