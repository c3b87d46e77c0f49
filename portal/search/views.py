"""The page of the search over everything."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal import errors
from portal.finding import ids_in
from portal.http import PortalRequest, wants_fragment
from portal.listing import LONGEST_SEARCH, words_of
from portal.roles import has_role
from portal.search import looks
from portal.search.looks import guide, pages_of, people


@require_safe
def search(request: PortalRequest) -> HttpResponse:
    """Show what the words of ``q`` are in."""
    if not has_role(request.user):
        return errors.no_role(request, status=403)
    words = _words_of(request.GET.get("q", ""))
    may = request.user.has_perm
    asked = (pages_of(request), *looks(), people, guide) if words else ()
    groups = [group for look in asked for group in look(words, may) if group.found]
    activity = f"{reverse('activity')}?{urlencode({'q': words})}" if words and may("portal.view_activity") else ""
    context = {"words": words, "groups": groups, "activity": activity}
    return render(request, "portal/_found.html" if wants_fragment(request) else "portal/search.html", context)


def _words_of(text: str) -> str:
    """Return what *text* asks for: of a whole answer that was pasted, which is longer than any words, the ids in it."""
    return words_of(" ".join(ids_in(text)) or text) if len(text) > LONGEST_SEARCH else words_of(text)
