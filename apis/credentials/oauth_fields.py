"""The fields of OAuth 2.0 client credentials, as a part of the form of an API's security, and of a back end's."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from apis.credentials.endpoints import faults_of_endpoint
from apis.credentials.fields import ENTER_THE_SECRET, PLAIN, WrittenOut, secret_field
from apis.credentials.models import AuthenticationChoice
from apis.pickers import chosen_authority
from apis.policy.oauth import (
    LONGEST_ENDPOINT,
    LONGEST_TEXT,
    AuthenticationOAuth2,
    ClientAuthentication,
    fault_of_client_id,
    fault_of_client_secret,
    fault_of_scope,
)
from certificates.authorities.models import Authority
from certificates.sealing import Secret
from portal.validators import plain_name

_MORE = _("Only where the token endpoint asks for it.")


class OAuthFields(WrittenOut):
    """Where a token comes from, and for whom. Only where it is chosen, the fields count."""

    token_endpoint = forms.CharField(
        label=_("Token endpoint"),
        required=False,
        max_length=LONGEST_ENDPOINT,
        help_text=_("For instance https://login.example.com/oauth2/token. Each gateway asks there for itself."),
        widget=forms.URLInput(attrs=PLAIN),
    )
    client_id = forms.CharField(label=_("Client ID"), required=False, max_length=LONGEST_TEXT, widget=forms.TextInput(attrs=PLAIN))
    client_authentication = forms.ChoiceField(label=_("The client proves itself by"), choices=AuthenticationChoice, required=False)
    client_secret = secret_field(_("Client secret"))
    scope = forms.CharField(
        label=_("Scope"),
        required=False,
        max_length=LONGEST_TEXT,
        help_text=_("Several with a blank between, for instance orders.read orders.write."),
        widget=forms.TextInput(attrs=PLAIN),
    )
    audience = forms.CharField(
        label=_("Audience"),
        required=False,
        max_length=LONGEST_TEXT,
        help_text=_MORE,
        validators=[plain_name],
        widget=forms.TextInput(attrs=PLAIN),
    )
    token_authority = forms.CharField(
        label=_("Authority of the token endpoint"), required=False, help_text=_("What its certificate must lead to.")
    )

    def clean_token_authority(self) -> Authority | None:
        """Take an entry that is there."""
        return chosen_authority(self.cleaned_data["token_authority"])

    def check_oauth(self, *, stored: bool) -> None:
        """Refuse what no token can be asked for with.

        :param stored: whether there is a secret, which stays where none is typed
        """
        self.check_written_out("client_id", "client_secret", "scope", "audience")
        self._check_endpoint()
        client_id, scope = self.cleaned_data.get("client_id", ""), self.cleaned_data.get("scope", "")
        if not client_id and "client_id" not in self.errors:
            self.add_error("client_id", _("Enter the client ID."))
        elif client_id and fault_of_client_id(client_id):
            self.add_error("client_id", _("A client ID has printable characters of ASCII only."))
        if fault_of_scope(scope):
            self.add_error("scope", _("Scopes stand beside each other with one blank between; quotes and accents are no part of them."))
        if self.cleaned_data.get("client_authentication") == AuthenticationChoice.CERTIFICATE:
            if not self.cleaned_data.get("certificate"):
                self.add_error("certificate", _("Choose the client certificate that the client proves itself by."))
            return
        secret = self.cleaned_data.get("client_secret", "")
        if not secret and not stored and "client_secret" not in self.errors:
            self.add_error("client_secret", ENTER_THE_SECRET)
        elif secret and fault_of_client_secret(secret):
            self.add_error("client_secret", _("A client secret has printable characters of ASCII only."))

    def oauth_proof(self) -> AuthenticationOAuth2:
        """Return where a token comes from, once the form is valid."""
        cleaned = self.cleaned_data
        way = ClientAuthentication(cleaned["client_authentication"] or ClientAuthentication.BASIC)
        typed = cleaned["client_secret"] if way is not ClientAuthentication.CERTIFICATE else ""
        return AuthenticationOAuth2(
            **{name: cleaned[name] for name in ("token_endpoint", "client_id", "scope", "audience")},
            authenticates_by=way,
            secret=Secret(typed.encode()) if typed else None,
            authority=cleaned["token_authority"].name if cleaned["token_authority"] else "",
        )

    def _check_endpoint(self) -> None:
        if not (url := self.cleaned_data.get("token_endpoint", "")):
            self.add_error("token_endpoint", _("Enter the URL of the token endpoint."))
        for fault in faults_of_endpoint(url) if url else ():
            self.add_error("token_endpoint", str(fault))
