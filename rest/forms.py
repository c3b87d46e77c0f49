"""The form of a new access token."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from apis.pickers import FEW
from portal.roles import Role
from portal.validators import no_private_key, plain_name

BEARER, SHARED = "bearer", "shared"


class CredentialForm(forms.Form):
    """Who a program acts for, how much of that person's rights it has, and for how long."""

    name = forms.CharField(
        label=_("Name"), max_length=100, validators=[plain_name, no_private_key], help_text=_("What it is for, for instance Deployment.")
    )
    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("username"),
        label=_("Acts for"),
        to_field_name="username",
        empty_label=None,
        error_messages={"invalid_choice": _("Nobody who may sign in has this user name.")},
        help_text=_("It may what this person may, and the activity log names this person."),
    )
    role = forms.ChoiceField(
        label=_("Limited to"), required=False, choices=[("", _("Nothing: whatever the person may")), *Role.choices], initial=Role.PUBLISHER
    )
    days = forms.TypedChoiceField(
        label=_("Expires"),
        coerce=int,
        choices=[(30, _("after 30 days")), (90, _("after 90 days")), (365, _("after a year")), (0, _("never"))],
        initial=90,
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            (BEARER, _("Access token (Authorization: Bearer)")),
            (SHARED, _("Shared access keys, for older clients (SharedAccessSignature)")),
        ],
        widget=forms.RadioSelect,
        initial=BEARER,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Let the user name be typed where there are too many people for a drop-down."""
        super().__init__(*args, **kwargs)
        if User.objects.filter(is_active=True)[FEW : FEW + 1].exists():
            self.fields["user"].widget = forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"})

    def chosen(self, *, now: datetime) -> dict[str, Any]:
        """Return the arguments of the action that makes it."""
        cleaned = self.cleaned_data
        days = cleaned["days"]
        return {
            "user": cleaned["user"],
            "name": cleaned["name"],
            "role": cleaned["role"],
            "expires_at": now + timedelta(days=days) if days else None,
        }
