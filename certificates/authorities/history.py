"""The history of a trusted authority."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from certificates.authorities.access import find, may, render
from portal.history.reading import history_of
from portal.http import PortalRequest


@require_safe
@may("view")
def history(request: PortalRequest, name: str) -> HttpResponse:
    """Show what was changed about an entry, from what to what."""
    authority = find(name)
    return render(request, "history.html", {"authority": authority, **history_of(request, "authority", authority.pk)})
