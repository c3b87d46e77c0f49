"""The Callers tab: under which host names an API may be called, and which certificates callers need."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from apis import actions
from apis.access import may
from apis.callers_form import CallersForm
from apis.views.common import OK, UNPROCESSABLE, api_of, edited_meanwhile, tab
from certificates.authorities.forms import NO_SUCH_AUTHORITY
from certificates.authorities.models import Authority
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.responses import see_other


@sensitive_post_parameters("caller_authorities")  # where people paste their private keys
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.view_api", change="apis.change_api")
def callers(request: PortalRequest, name: str) -> HttpResponse:
    """Show and change who may call an API."""
    api = api_of(name)
    form = CallersForm(request.POST if request.method == "POST" else None, api=api)
    if request.method == "POST" and form.is_valid():
        try:
            revision = form.cleaned_data["revision"]
            actions.change_callers(api, form.chosen(), revision=revision, by=request.user, now=timezone.now())
        except actions.EditedMeanwhile as refusal:
            return edited_meanwhile(request, refusal.api, "callers", mine=form, theirs=CallersForm(api=refusal.api))
        except Authority.DoesNotExist:
            form.add_error("caller_authority", NO_SUCH_AUTHORITY)
        else:
            saved(request, _("Saved."), "api", api)
            return see_other("apis:callers", name=api.name)
    return tab(request, api, "callers", form=form, status=UNPROCESSABLE if form.errors else OK)
