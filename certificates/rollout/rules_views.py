"""The page of an entry's rules."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from certificates.access import may
from certificates.kinds import Pages
from certificates.pages import find, render
from certificates.rollout import actions
from certificates.rollout.rules_form import RulesForm
from certificates.uses import apis_that_need
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.responses import see_other

_SHOWN_APIS = 50


@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
def rules(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Say how the versions of an entry are switched to."""
    certificate = find(pages, name)
    apis = list(apis_that_need(certificate).order_by("display_name", "name")[:_SHOWN_APIS]) if pages.presented else []
    form = RulesForm(request.POST if request.method == "POST" else None, certificate=certificate, apis=apis)
    if form.is_bound and form.is_valid():
        actions.set_rules(certificate, form.chosen(), by=request.user, now=timezone.now())
        saved(request, _("Saved."), pages.live_kind, certificate)
        return see_other(pages.to["detail"], certificate.name)
    context = {"certificate": certificate, "form": form}
    return render(request, pages, "certificates/rollout/rules.html", context, status=422 if form.errors else 200)
