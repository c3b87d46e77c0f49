"""The Calls tab: how calls go on to the back end."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apis import actions
from apis.access import may
from apis.calls_form import CallsForm
from apis.views.common import OK, UNPROCESSABLE, api_of, edited_meanwhile, tab
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.responses import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.view_api", change="apis.change_api")
def calls(request: PortalRequest, name: str) -> HttpResponse:
    """Show and change times, retries, redirects and what browsers are told."""
    api = api_of(name)
    form = CallsForm(request.POST if request.method == "POST" else None, api=api)
    if request.method == "POST" and form.is_valid():
        try:
            revision = form.cleaned_data["revision"]
            actions.change_calls(api, form.chosen(), revision=revision, by=request.user, now=timezone.now())
        except actions.EditedMeanwhile as refusal:
            return edited_meanwhile(request, refusal.api, "calls", mine=form, theirs=CallsForm(api=refusal.api))
        else:
            saved(request, _("Saved."), "api", api)
            return see_other("apis:calls", name=api.name)
    return tab(request, api, "calls", form=form, status=UNPROCESSABLE if form.errors else OK)
