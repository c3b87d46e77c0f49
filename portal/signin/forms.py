"""The forms of signing in. What they check is allauth's; how often somebody may be wrong is :mod:`portal.guesses`'."""

from __future__ import annotations

import struct
from typing import Any

from allauth.core import context as current
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm, LoginWebAuthnForm, ReauthenticateWebAuthnForm
from cryptography.exceptions import InvalidSignature
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm, UsernameField
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms import CharField, CheckboxSelectMultiple, Form, MultipleChoiceField, PasswordInput, TextInput
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from portal.guesses import counted
from portal.models import GuessKind
from portal.roles import ADMINISTRATORS, PUBLISHERS, VIEWERS
from portal.signin.mail import send_later
from portal.validators import plain_name

# What the library for passkeys raises besides ValueError where a browser's answer is not one, or was tampered with.
_NOT_A_PASSKEY = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
    struct.error,
    InvalidSignature,
)


class SignInForm(AuthenticationForm):
    """User name and password, called as on all other pages."""

    username = UsernameField(label=_("User name"), widget=TextInput(attrs={"autofocus": True}))


def _code_field() -> CharField:
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}
    return CharField(label=_("Code"), max_length=20, widget=TextInput(attrs=attributes))


class CodeForm(AuthenticateForm):
    """A code of an app, or a recovery code, after the password. Wrong ones count."""

    code = _code_field()

    @sensitive_variables()
    def clean_code(self) -> str:
        """Check it.

        :raises portal.guesses.TooManyGuesses: after too many wrong ones
        """
        with counted(GuessKind.CODE, self.user.get_username(), current.request) as guess:
            code = str(super().clean_code())
            guess.right = True
        return code


class AppForm(ActivateTOTPForm):
    """The first code of an app that is being set up."""

    code = _code_field()


class _Passkey(Form):
    """What a browser answers for a passkey, which may be anything."""

    def clean_credential(self) -> Authenticator:
        """Check it."""
        try:
            found: Authenticator = super().clean_credential()  # type: ignore[misc]  # of the form beside it
        except _NOT_A_PASSKEY as error:
            raise ValidationError(get_adapter().error_messages["incorrect_code"]) from error
        return found


class PasskeyForm(_Passkey, AuthenticateWebAuthnForm):
    """A passkey after the password."""


class PasskeySignInForm(_Passkey, LoginWebAuthnForm):
    """A passkey alone."""


class PasskeyConfirmForm(_Passkey, ReauthenticateWebAuthnForm):
    """A passkey before a dangerous act."""


class NewPasskeyForm(AddWebAuthnForm):
    """A passkey that is being added; it always proves more than that it is there (a PIN, a finger), so that it can stand alone."""

    name = CharField(label=_("Name"), max_length=60, required=False, validators=[plain_name], help_text=_("For instance where it is kept."))
    passwordless = None

    def clean(self) -> dict[str, Any]:
        """Check what the browser has made."""
        try:
            cleaned: dict[str, Any] = super().clean()
        except _NOT_A_PASSKEY as error:
            raise ValidationError(get_adapter().error_messages["incorrect_code"]) from error
        return cleaned


class ConfirmForm(Form):
    """One's own password, once more. Wrong ones count as failed sign-ins."""

    password = CharField(
        label=_("Password"), strip=False, widget=PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Ask *user*."""
        super().__init__(*args, **kwargs)
        self._user = user

    @sensitive_variables()
    def clean_password(self) -> str:
        """Check it.

        :raises portal.guesses.TooManyGuesses: after too many wrong ones
        """
        password: str = self.cleaned_data["password"]
        with counted(GuessKind.SIGN_IN, self._user.get_username(), current.request) as guess:
            guess.right = self._user.check_password(password)
        if not guess.right:
            raise ValidationError(_("This is not your password."))
        return password


class ForgottenForm(PasswordResetForm):
    """Where to send the link for a new password."""

    email_field = "email"

    def send_mail(  # noqa: PLR0913, PLR0917 - Django's signature
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,  # noqa: ARG002 - the portal's own
        to_email: str,
        html_email_template_name: str | None = None,  # noqa: ARG002 - text is enough
    ) -> None:
        """Send it, beside the answer, which is so as quick for addresses that nobody has."""
        send_later(subject_template_name, email_template_name, context, to=to_email)


class DemandForm(Form):
    """Whose role has to have a second factor."""

    roles = MultipleChoiceField(
        label=_("Who has to have a second factor"),
        choices=[(ADMINISTRATORS, _("Administrators")), (PUBLISHERS, _("Publishers")), (VIEWERS, _("Viewers"))],
        required=False,
        widget=CheckboxSelectMultiple,
        help_text=_("Whoever has none sets one up at the next step, before anything else."),
    )
