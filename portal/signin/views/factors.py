"""A person's own second factors: passkeys, an app that shows codes, recovery codes."""

from __future__ import annotations

from typing import Any

import qrcode
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.internal.auth import begin_registration
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_safe

from portal.http import PortalRequest
from portal.models import Event
from portal.signin.confirming import recently_confirmed
from portal.signin.second_factors import factors_of, is_demanded_of
from portal.signin.views.common import Answers, as_json, passkeys_possible

_OWN = reverse_lazy("mfa_index")
_guarded = [sensitive_post_parameters(), recently_confirmed]


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """List them."""
    factors = list(factors_of(request.user))
    codes = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.RECOVERY_CODES).first()
    shown = {
        "passkeys": [(factor, factor.wrap().name) for factor in factors if factor.type == Authenticator.Type.WEBAUTHN],
        "app": next((factor for factor in factors if factor.type == Authenticator.Type.TOTP), None),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "missing": not factors and is_demanded_of(request.user),
        "passkeys_possible": passkeys_possible(request),
    }
    return render(request, "signin/second_factors.html", shown)


@method_decorator(_guarded, name="dispatch")
class SetUpApp(Answers, ActivateTOTPView):
    """Set up an app: its secret as a picture and in words, and the first code as the proof that it is in there."""

    template_name = "signin/app.html"
    event = Event.SECOND_FACTOR_ADDED

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the picture."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        secret = context["form"].secret
        return context | {
            "picture": _picture(context["totp_url"]),
            "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        }


@method_decorator(_guarded, name="dispatch")
class RemoveApp(Answers, DeactivateTOTPView):
    """Ask, and remove the app."""

    template_name = "signin/remove.html"
    success_url = _OWN
    event = Event.SECOND_FACTOR_REMOVED


@method_decorator(_guarded, name="dispatch")
class AddPasskey(Answers, AddWebAuthnView):
    """Add a passkey."""

    template_name = "signin/passkey.html"
    event = Event.SECOND_FACTOR_ADDED

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the browser needs, which is more than a key that stands beside a password."""
        context: dict[str, Any] = super().get_context_data(**kwargs) | {"passkeys_possible": passkeys_possible(self.request)}
        return {"form": self.get_form()} | context | {"passkey": as_json(begin_registration(self.request.user, passwordless=True))}


@method_decorator(_guarded, name="dispatch")
class RemovePasskey(Answers, RemoveWebAuthnView):
    """Ask, and remove a passkey."""

    template_name = "signin/remove.html"
    success_url = _OWN
    event = Event.SECOND_FACTOR_REMOVED

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add its name."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"name": self.object.wrap().name}


@method_decorator(recently_confirmed, name="dispatch")
@method_decorator(sensitive_variables(), name="dispatch")
class RecoveryCodes(ViewRecoveryCodesView):
    """The recovery codes, which are shown once."""

    template_name = "signin/recovery_codes.html"


@method_decorator(_guarded, name="dispatch")
class MakeRecoveryCodes(Answers, GenerateRecoveryCodesView):
    """Ask, and make new recovery codes in place of the old ones."""

    template_name = "signin/make_recovery_codes.html"
    event = Event.RECOVERY_CODES_MADE


def _picture(text: str) -> dict[str, Any]:
    """Return a QR code as the size of a square, and the dark fields in it as an SVG path."""
    code = qrcode.QRCode()
    code.add_data(text)
    rows = code.get_matrix()
    dark = ((x, y) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return {"size": len(rows), "path": "".join(f"M{x} {y}h1v1h-1z" for x, y in dark)}
