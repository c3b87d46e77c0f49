"""The way back beside "Saved.": a message that carries the number of its line, and a button with it."""

from __future__ import annotations

import re

from django.contrib import messages

from portal.activity.writing import Subject
from portal.history.restoring import may_restore
from portal.http import PortalRequest
from portal.models import Activity

_TAG = re.compile(r"\bundo-([0-9]{1,18})\b")


def saved(request: PortalRequest, text: str, kind: str, subject: Subject) -> None:
    """Say that *subject* was changed, and offer to undo it if this request has changed something, and this person may."""
    newest = Activity.objects.filter(subject_id=str(subject.pk), kind=kind, at__gte=request.came_at).order_by("-id").first()
    ours = newest is not None and newest.actor_id == request.user.pk and may_restore(request.user, newest)
    messages.success(request, text, extra_tags=f"undo-{newest.id}" if newest and ours else "")


def line_to_undo(tags: str) -> int | None:
    """Return the number of the line that a message with these *tags* offers to undo."""
    found = _TAG.search(tags)
    return int(found[1]) if found else None
