"""django-allauth in the portal's words and under the portal's rules."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from portal import errors
from portal.responses import see_other
from portal.signin.company_time import proved_at
from portal.signin.confirming import PAGE, is_confirmed, is_ours
from portal.signin.proving import note_first_factor, still_holds
from portal.signin.second_factors import sealed_texts

# What is said after a change, by the template that allauth has for it; the rest is not said.
_SAID: dict[str, str | Promise] = {
    "mfa/messages/totp_activated.txt": gettext_lazy("From now on signing in asks for a code of your app."),
    "mfa/messages/totp_deactivated.txt": gettext_lazy("Signing in asks for no codes of an app any more."),
    "mfa/messages/webauthn_added.txt": gettext_lazy("The passkey was added. You can sign in with it alone."),
    "mfa/messages/webauthn_removed.txt": gettext_lazy("The passkey was removed."),
}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts: nobody signs up, and signing in again is the portal's own page."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's
        """Refuse: Administrators add people."""
        return False

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:  # noqa: ARG002 - allauth's
        """Say so to whoever has proved who they are."""
        return errors.deactivated(request)

    def pre_login(self, request: HttpRequest, user: User, *, signal_kwargs: dict[str, Any] | None, **options: Any) -> HttpResponse | None:
        """Note the first factor: a password or a passkey was proved just now, a company account when its provider says."""
        company = (signal_kwargs or {}).get("sociallogin")
        note_first_factor(request, user, at=proved_at(company) if company else timezone.now().timestamp())
        refused: HttpResponse | None = super().pre_login(request, user, signal_kwargs=signal_kwargs, **options)
        return refused

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin the session.

        :raises ImmediateHttpResponse: if the first factor does not hold any more
        """
        if not still_holds(request, user):
            request.session.flush()
            messages.error(request, _("Your password was changed, or your account deactivated, while you signed in. Begin again."))
            raise ImmediateHttpResponse(see_other("login"))
        super().login(request, user)

    def is_safe_url(self, url: str) -> bool:
        """Return whether it may be gone on to after signing in."""
        return is_ours(context.request, url)

    def is_reauthentication_required(self, *, app: str, **_options: Any) -> bool:  # noqa: ARG002 - allauth's
        """Ask again only who has not just signed in."""
        return not is_confirmed(context.request)

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        """Return the portal's own page, which knows all ways."""
        return [{"id": PAGE, "description": "", "url": reverse(PAGE)}] if user.is_authenticated else []

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *_arguments: Any,
        message: str | None = None,
        **_options: Any,
    ) -> None:
        """Say it in our words."""
        if words := message or _SAID.get(message_template or ""):
            messages.add_message(request, level, str(words))


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors: secrets sealed under the portal's ring, and names that people know."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("This is not right. A code works once, and only for about a minute."),
    }

    @sensitive_variables("text")
    def encrypt(self, text: str) -> str:
        """Return the ticket of the sealed secret, which is what the authenticator's row holds."""
        return str(sealed_texts().keep(text))

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret."""
        return str(sealed_texts().read(encrypted_text))

    def get_totp_issuer(self) -> str:
        """Return what an app shows beside the code."""
        return _("Publisher portal")

    def get_totp_label(self, user: User) -> str:
        """Return whose code it is."""
        return user.get_username()

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's
        """Return a name for a passkey that was given none."""
        return _("Passkey %(number)d") % {"number": Authenticator.objects.filter(user=user, type=type).count() + 1}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return for whom passkeys are: the name that browsers call the portal by."""
        return {"id": context.request.get_host().partition(":")[0], "name": _("Publisher portal")}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """Return whose passkey it is."""
        whose: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return whose | {
            "name": user.get_username(),
            "display_name": user.get_full_name() or user.get_username(),
        }
