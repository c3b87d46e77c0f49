"""What all pages about entries have in common: finding the entry, rendering a page of its kind, saying where a version goes."""

from __future__ import annotations

from typing import Any

from django import shortcuts
from django.http import HttpResponse

from certificates.kinds import Pages
from certificates.models import Certificate
from certificates.uses import apis_that_need
from portal.http import PortalRequest


def render(request: PortalRequest, pages: Pages, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render a page of the kind, with what its reader may do."""
    may_do = {f"may_{action}": request.user.has_perm(pages.permission(action)) for action in ("add", "change", "delete")}
    return shortcuts.render(request, template, {"pages": pages, **may_do, **context}, status=status)


def find(pages: Pages, name: str) -> Certificate:
    """Return the entry of that name, in whatever case, or answer 404."""
    return shortcuts.get_object_or_404(pages.model.objects.named(name).select_related("current__created_by"))


def where_it_goes(pages: Pages, certificate: Certificate) -> str:
    """Say what becomes of the current version: what is presented only a gateway can tell, and not yet."""
    assert certificate.current is not None  # noqa: S101 - an entry is made with its first version
    words = pages.goes if apis_that_need(certificate).exists() else pages.goes_nowhere
    return str(words) % {"number": certificate.current.number}
