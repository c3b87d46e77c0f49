"""The page that asks once more who one is, by password, passkey or company account, and leads back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import begin_authentication
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.http import PortalRequest
from portal.responses import SeeOther
from portal.signin.confirming import next_page, note_confirmation
from portal.signin.forms import ConfirmForm, PasskeyConfirmForm
from portal.signin.second_factors import factors_of
from portal.signin.views.common import OK, UNPROCESSABLE, as_json, passkeys_possible


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: PortalRequest) -> HttpResponse:
    """Ask, and go on to ``next``."""
    form = _sent_form(request)
    if form.is_valid():
        note_confirmation(request)
        request.session.cycle_key()
        return SeeOther(next_page(request))
    ways = {
        "form": form,
        "next": next_page(request),
        "by_password": request.user.has_usable_password(),
        "passkey": _passkey(request),
        "companies": _companies(request),
    }
    return render(request, "signin/confirm.html", ways, status=UNPROCESSABLE if form.errors else OK)


def _sent_form(request: PortalRequest) -> Any:
    if request.method == "POST" and "credential" in request.POST:
        return PasskeyConfirmForm(user=request.user, data=request.POST)  # type: ignore[call-arg]  # allauth has no types
    return ConfirmForm(request.POST if request.method == "POST" else None, user=request.user)


def _passkey(request: PortalRequest) -> str:
    """Return what the browser needs to ask for a passkey; empty if the person has none, or the browser could not."""
    if not passkeys_possible(request) or not factors_of(request.user).filter(type=Authenticator.Type.WEBAUTHN).exists():
        return ""
    return as_json(begin_authentication(request.user))


def _companies(request: PortalRequest) -> list[tuple[str, str]]:
    """Return label and address for each company account of the person; the provider is asked to have them sign in again."""
    back = urlencode({"next": next_page(request), "confirm": "1"})
    own = SocialAccount.objects.filter(user=request.user, provider__in=settings.OIDC_PROVIDERS).values_list("provider", flat=True)
    return [
        (
            _("Continue with %(provider)s") % {"provider": settings.OIDC_PROVIDERS[one].name},
            f"{reverse('openid_connect_login', args=[one])}?{back}",
        )
        for one in own
    ]
