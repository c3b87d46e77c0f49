"""The forms about people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.roles import Role
from portal.validators import no_private_key, plain_name

NAME_TAKEN = _("Somebody has this name already, or was invited under it.")


def not_reserved(name: str) -> None:
    """Refuse a user name that the portal uses itself.

    :raises ValidationError: if it is one
    """
    if name.lower() in settings.RESERVED_USERNAMES:
        raise ValidationError(_("Nobody can be called that here: the portal uses this name itself. Choose another one."))


class RoleForm(forms.Form):
    """One of the three roles."""

    role = forms.TypedChoiceField(
        label=_("Role"), choices=Role.choices, coerce=Role, widget=forms.RadioSelect, error_messages={"required": _("Choose a role.")}
    )


class InvitationForm(RoleForm):
    """Who is invited, and as what."""

    username = UsernameField(
        label=_("User name"),
        max_length=150,
        validators=[User.username_validator, plain_name, no_private_key, not_reserved],
        help_text=_("They sign in with it, and the activity log calls them by it. Letters, digits and @ . + - _"),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        required=False,
        validators=[no_private_key],
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    field_order = ("username", "email", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say what becomes of the address."""
        super().__init__(*args, **kwargs)
        mailed = _("The link is sent there, and later notices about certificates.")
        copied = _("For notices about certificates. There is no mail server, so you pass the link on yourself.")
        self.fields["email"].help_text = mailed if settings.EMAIL_HOST else copied


class ProfileForm(forms.Form):
    """What one says of oneself."""

    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        required=False,
        validators=[plain_name, no_private_key],
        help_text=_("Your full name, for those who manage people."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        required=False,
        validators=[no_private_key],
        help_text=_("For notices about certificates that expire."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, widget=forms.RadioSelect)
