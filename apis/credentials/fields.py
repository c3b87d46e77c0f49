"""The fields of what is sent to a back end, as a part of the form of an API's security, and of a back end's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apis.credentials.models import PlaceChoice
from apis.policy.proofs import AuthenticationSharedSecret, SecretPlace, fault_of_secret, fault_of_secret_name
from apis.policy.references import names_in
from apis.policy.statements.headers import LONGEST_NAME, LONGEST_VALUE
from certificates.sealing import Secret
from portal.validators import plain_name

ENTER_THE_SECRET = _("Enter the secret.")
NAMES_VALUE = _("Named values are not put in here; write it out. An API's policy may name them.")
STAYS = _("Left empty, the stored secret stays.")
PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_BAD_HEADER = _("This is no header that can be set, or one that is the gateway's own, for instance Host or Content-Length.")
_BAD_SECRET = {
    SecretPlace.HEADER: _("A secret in a header holds no control characters and no blanks at its ends."),
    SecretPlace.QUERY: _("Control characters cannot be sent."),
}


def secret_field(label: Any) -> forms.CharField:
    """Return a field for a secret, which is never shown again."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, required=False, strip=False, max_length=LONGEST_VALUE, widget=widget)


class WrittenOut(forms.Form):
    """Fields in which named values do not stand."""

    def check_written_out(self, *fields: str) -> None:
        """Refuse ``{{name}}`` in these *fields*: it would be sent as it is."""
        for name in fields:
            if names_in(str(self.cleaned_data.get(name) or "")):
                self.add_error(name, NAMES_VALUE)


class SharedSecretFields(WrittenOut):
    """A secret in a header or a query parameter. Only where it is chosen, the fields count."""

    secret_place = forms.ChoiceField(label=_("Sent in"), choices=PlaceChoice, required=False)
    secret_name = forms.CharField(
        label=_("Name of header or parameter"),
        required=False,
        max_length=LONGEST_NAME,
        help_text=_("For instance X-API-Key. What the caller sends under this name is replaced."),
        validators=[plain_name],
        widget=forms.TextInput(attrs=PLAIN),
    )
    shared_secret = secret_field(_("Secret"))

    def check_shared_secret(self, *, stored: bool) -> None:
        """Refuse what cannot be sent.

        :param stored: whether there is one, which stays where none is typed
        """
        self.check_written_out("secret_name", "shared_secret")
        place = SecretPlace(self.cleaned_data.get("secret_place") or SecretPlace.HEADER)
        name, secret = self.cleaned_data.get("secret_name", ""), self.cleaned_data.get("shared_secret", "")
        if not name and "secret_name" not in self.errors:
            self.add_error("secret_name", _("Enter the name of the header or parameter."))
        elif name and fault_of_secret_name(place, name):
            self.add_error("secret_name", _BAD_HEADER)
        if not secret and not stored and "shared_secret" not in self.errors:
            self.add_error("shared_secret", ENTER_THE_SECRET)
        elif fault_of_secret(place, secret):
            self.add_error("shared_secret", _BAD_SECRET[place])

    def shared_secret_proof(self) -> AuthenticationSharedSecret:
        """Return what is sent, once the form is valid."""
        cleaned = self.cleaned_data
        return AuthenticationSharedSecret(
            place=SecretPlace(cleaned["secret_place"] or SecretPlace.HEADER),
            name=cleaned["secret_name"],
            secret=Secret(cleaned["shared_secret"].encode()) if cleaned["shared_secret"] else None,
        )
