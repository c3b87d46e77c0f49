"""The page of the activity log."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.activity import lines_for
from portal.forms import SYSTEM, ActivityFilter
from portal.http import PortalRequest, wants_fragment
from portal.models import Activity
from portal.sentences import tell

LINES_PER_PAGE = 50


@require_safe
@permission_required("portal.view_activity", raise_exception=True)
def activity(request: PortalRequest) -> HttpResponse:
    """Show who did what and when, the newest first; by kind, person and subject."""
    form = ActivityFilter(request.GET, reader=request.user)
    form.is_valid()  # what is not understood does not narrow the list
    page = Paginator(_chosen(lines_for(request.user), **form.cleaned_data), LINES_PER_PAGE).get_page(request.GET.get("page"))
    template = "portal/_activity.html" if wants_fragment(request) else "portal/activity.html"
    narrowed = any(form.cleaned_data.values())
    return render(request, template, {"filter": form, "page": page, "lines": tell(page), "narrowed": narrowed})


def _chosen(lines: QuerySet[Activity], *, q: str = "", kind: str = "", who: str = "") -> QuerySet[Activity]:
    if kind:
        lines = lines.filter(event__startswith=f"{kind}.")
    if who:
        lines = lines.filter(actor=None, actor_name="") if who == SYSTEM else lines.filter(actor__username=who)
    if q:
        lines = lines.filter(subject_name__icontains=q)
    return lines
