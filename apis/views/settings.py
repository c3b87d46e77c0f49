"""The Settings tab."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apis import actions
from apis.access import may
from apis.backends.models import BackEnd
from apis.backends.picking import NO_SUCH_BACK_END
from apis.forms import NOT_OVER_HTTP, TAKEN, SettingsForm
from apis.views.common import OK, UNPROCESSABLE, api_of, edited_meanwhile, tab
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.responses import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.view_api", change="apis.change_api")
def settings(request: PortalRequest, name: str) -> HttpResponse:
    """Show and change what an API is called and where its back end is."""
    api = api_of(name)
    form = SettingsForm(request.POST if request.method == "POST" else None, api=api)
    if request.method == "POST" and form.is_valid():
        try:
            revision = form.cleaned_data["revision"]
            actions.change_api(api, form.chosen(), revision=revision, by=request.user, now=timezone.now())
        except actions.EditedMeanwhile as refusal:
            return edited_meanwhile(request, refusal.api, "settings", mine=form, theirs=SettingsForm(api=refusal.api))
        except actions.Taken as refusal:
            form.add_error(refusal.field, TAKEN["path"])
        except BackEnd.DoesNotExist:
            form.add_error("back_end", NO_SUCH_BACK_END)
        except actions.NotOverHttp:
            form.add_error("service_url", NOT_OVER_HTTP)
        else:
            saved(request, _("Saved."), "api", api)
            return see_other("apis:settings", name=api.name)
    return tab(request, api, "settings", form=form, status=UNPROCESSABLE if form.errors else OK)
