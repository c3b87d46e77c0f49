"""The failed call that an activity id names, for whoever may see it, in whatever search box it is pasted."""

from __future__ import annotations

from django.urls import reverse

from gateway.models import FailedCall
from portal.http import PortalRequest


def failed_call_of(request: PortalRequest, ids: list[str]) -> str:
    """Return the address of the failed call that one of *ids* names; empty if none does, or the reader may not see it."""
    if not request.user.has_perm("gateway.view_failedcall"):
        return ""
    known = FailedCall.objects.filter(activity_id__in=ids).values_list("activity_id", flat=True).first()
    return reverse("failures:call", args=[known]) if known else ""
