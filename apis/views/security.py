"""The Security tab: how the gateway proves itself to the back end and checks it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apis import actions
from apis.access import may
from apis.forms import NOT_OVER_HTTP
from apis.microscope.subject import policy_with
from apis.models import Api
from apis.pickers import SUGGESTIONS, authority_options, certificate_options, looked_for
from apis.policy import as_xml
from apis.policy.highlight import highlight
from apis.security_form import NO_SUCH_CERTIFICATE, SecurityForm
from apis.views.common import OK, UNPROCESSABLE, api_of, belongs_to, edited_meanwhile, tab
from certificates.authorities.forms import NO_SUCH_AUTHORITY
from certificates.authorities.models import Authority
from certificates.models import ClientCertificate
from portal.history.undo import saved as tell_saved
from portal.http import PortalRequest
from portal.responses import see_other

_AUTHORITIES = ("trusted_authority", "caller_authority", "token_authority")


@sensitive_post_parameters("password", "shared_secret", "client_secret", "trusted_ca")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.view_api", change="apis.change_api")
def security(request: PortalRequest, name: str) -> HttpResponse:
    """Show and change an API's credentials and the checks of its back end."""
    api = api_of(name)
    form = SecurityForm(request.POST if request.method == "POST" else None, api=api)
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.secure_api(api, form.chosen(), revision=form.cleaned_data["revision"], by=request.user, now=timezone.now())
        except actions.EditedMeanwhile as refusal:
            return edited_meanwhile(request, refusal.api, "security", mine=form, theirs=SecurityForm(api=refusal.api))
        except ClientCertificate.DoesNotExist:
            form.add_error("certificate", NO_SUCH_CERTIFICATE)
        except Authority.DoesNotExist:
            form.add_error("trusted_authority", NO_SUCH_AUTHORITY)
        except actions.NotOverHttp:
            form.add_error("credentials", NOT_OVER_HTTP)
        except actions.BelongsToBackEnd as refusal:
            form.add_error(None, belongs_to(refusal))
        except actions.PasswordMissing:
            form.lacks_secret()
        else:
            _tell(request, saved, form)
            return see_other("apis:security", name=api.name)
    return tab(request, api, "security", form=form, status=UNPROCESSABLE if form.errors else OK)


@sensitive_post_parameters("password", "shared_secret", "client_secret", "trusted_ca")
@sensitive_variables("form")
@require_POST
@may("apis.change_api")
def policy_preview(request: PortalRequest, name: str) -> HttpResponse:
    """Answer the policy that what is in the form makes, saved or not; nothing is stored."""
    api = api_of(name)
    form = SecurityForm(request.POST, api=api)
    if not form.is_valid():
        return render(request, "apis/_policy_of_choice.html", {"incomplete": True})
    pieces = highlight(as_xml(policy_with(api, form.chosen())))
    return render(request, "apis/_policy_of_choice.html", {"pieces": pieces, "unsaved": form.has_changed()})


@require_safe
@may("apis.change_api")
def certificate_suggestions(request: PortalRequest) -> HttpResponse:
    """Answer the certificates that what is typed may mean, as options of a drop-down."""
    typed = request.GET.get("certificate") or request.GET.get("to", "")
    options = certificate_options(looked_for(typed), limit=SUGGESTIONS)
    upload = reverse("certificates:upload") if request.user.has_perm("certificates.add_clientcertificate") else ""
    return render(request, "apis/_options.html", {"options": options, "none_yet": upload, "make": _("Upload…")})


@require_safe
@may("apis.change_api")
def authority_suggestions(request: PortalRequest) -> HttpResponse:
    """Answer the trusted authorities that what is typed may mean, as options of a drop-down."""
    typed = next((request.GET[name] for name in _AUTHORITIES if request.GET.get(name)), "")
    return render(request, "apis/_options.html", {"options": authority_options(typed, limit=SUGGESTIONS)})


def _tell(request: PortalRequest, saved: Api, form: SecurityForm) -> None:
    tell_saved(request, _("Saved."), "api", saved)
    if form.cleaned_data["validate_certificate_name"] and not saved.validate_certificate_name:
        messages.info(request, _("Without the chain there is no name to check either, so that both checks are off now."))
