"""The form of an API's Security tab."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apis.actions import ApiSecurity
from apis.calls import ProtocolChoice
from apis.credentials.fields import ENTER_THE_SECRET, STAYS, SharedSecretFields
from apis.credentials.keeping import stored
from apis.credentials.models import OAuthClient, SharedSecret
from apis.credentials.oauth_fields import OAuthFields
from apis.forms import NOT_OVER_HTTP, RevisionField
from apis.models import BESIDE_CERTIFICATE, BasicCredentials, Credentials
from apis.named_values.settings import Unusable, basic_of
from apis.pickers import AUTHORITIES, CERTIFICATES, chooses_authority, chosen_authority, offer_matches
from apis.policy.model import Protocol
from apis.policy.proofs import Proof
from certificates.authorities.forms import MAX_PEM, PEM_FIELD, PublicText, clean_pasted
from certificates.authorities.models import Authority
from certificates.sealing import Secret

_SECRETS = {"shared_secret": SharedSecret, "client_secret": OAuthClient}  # by the field that it is typed in
ENTER_THE_PASSWORD = _("Enter the password.")
NO_SUCH_CERTIFICATE = _("There is no client certificate of this name. Its subject, its thumbprint or the last four of it will do as well.")
_NEEDED_IF_CHOSEN = (
    *("certificate", "username", "password", "protocol", "trusted_authority"),
    *("secret_place", "secret_name", "shared_secret"),
    *("token_endpoint", "client_id", "client_authentication", "client_secret", "token_authority"),
)


def chooses_certificate() -> forms.Widget:
    """Return the article's drop-down; a combobox where it would be too long."""
    return CERTIFICATES.widget(
        empty=("", str(_("Choose a certificate"))),
        url=reverse("apis:certificate_suggestions"),
        placeholder=str(_("Subject, name, thumbprint or its last four")),
    )


class SecurityForm(SharedSecretFields, OAuthFields):
    """How the gateway proves itself to the back end, and how it checks the back end.

    Only the fields that belong to the chosen credentials count; what the others hold is ignored.
    """

    credentials = forms.ChoiceField(
        label=_("With credentials"), choices=Credentials, help_text=_("How the gateway proves itself to the back end.")
    )
    certificate = forms.CharField(
        label=_("Client certificate"), required=False, help_text=_("Subject and the last four characters of the thumbprint.")
    )
    username = forms.CharField(
        label=_("User name"), required=False, max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    validate_certificate_chain = forms.BooleanField(
        label=_("Certificate chain validation"),
        required=False,
        help_text=_("The back end's certificate must lead to a trusted authority. Off, the name is not checked either."),
    )
    validate_certificate_name = forms.BooleanField(
        label=_("Certificate name validation"),
        required=False,
        help_text=_("The back end's certificate must bear its host name."),
    )
    trusted_authority = forms.CharField(
        label=_("Trusted authority"), required=False, help_text=_("What the back end's certificate must lead to.")
    )
    trusted_ca = forms.CharField(
        label=_("Or paste another one"),
        required=False,
        max_length=MAX_PEM,
        help_text=_("Certificates in PEM form, in place of the one chosen above. They are kept under Security, Trusted authorities."),
        widget=PublicText(attrs=PEM_FIELD),
    )
    protocol = forms.ChoiceField(
        label=_("HTTP to the back end"),
        choices=ProtocolChoice,
        required=False,  # a client that does not name it leaves it as it is
        help_text=_(
            "Automatic takes HTTP/2 where the back end offers it, and HTTP/1.1 over http:// and for WebSockets. "
            "gRPC over http:// needs HTTP/2 only; with that, hardly a server takes WebSockets."
        ),
    )
    asks_later = forms.BooleanField(
        label=_("The back end asks for the certificate later (IIS, App Service)"),
        required=False,
        help_text=_(
            "It asks only for some paths, after the handshake. Calls then go by HTTP/1.1 and TLS 1.2, which know how to ask again."
        ),
    )
    older_servers = forms.BooleanField(
        label=_("Allow older servers"),
        required=False,
        help_text=_("Also TLS 1.0 and 1.1 and ciphers that are no longer safe. Only for a back end that knows nothing better."),
    )
    revision = RevisionField()

    def __init__(self, *args: Any, api: Any, **kwargs: Any) -> None:
        """Edit *api*, or a back end, which has the same."""
        super().__init__(*args, **kwargs)
        self.api = api
        basic = self._basic_of(api)
        self.has_password = basic is not None
        self.initial = {
            "credentials": api.credentials,
            "certificate": api.certificate.name if api.certificate else "",
            "username": basic.shown_username if basic else "",
            "validate_certificate_chain": api.validate_certificate_chain,
            "validate_certificate_name": api.validate_certificate_name,
            "trusted_authority": api.trusted_authority.name if api.trusted_authority else "",
            "trusted_ca": "" if api.trusted_authority else api.trusted_ca,
            "protocol": api.protocol,
            "asks_later": api.asks_later,
            "older_servers": api.older_servers,
            "revision": api.revision,
        }
        for name in _NEEDED_IF_CHOSEN:  # not marked "(optional)": whoever sees them needs them
            self.fields[name].needed_if_chosen = True  # type: ignore[attr-defined]  # for templates/django/forms/field.html
        self.stored = stored(api) if api.credentials in BESIDE_CERTIFICATE else None
        if self.stored:
            self.initial |= self.stored.values()
        for name, kind in _SECRETS.items():
            if isinstance(self.stored, kind) and not self.stored.needs_no_secret:
                self.fields[name].help_text = STAYS
        if basic:
            self.fields["password"].help_text = _("Left empty, the stored password stays.")
        self.fields["certificate"].widget = chooses_certificate()
        if api.certificate and api.certificate.current:
            self.initial["certificate"] = CERTIFICATES.shown(api.certificate, self.fields["certificate"].widget)
        authorities = chooses_authority(str(_("The system's authorities")))  # read once for both
        self.fields["token_authority"].widget, self.fields["trusted_authority"].widget = copy.deepcopy(authorities), authorities
        if isinstance(self.stored, OAuthClient) and (authority := self.stored.token_authority):
            self.initial["token_authority"] = AUTHORITIES.shown(authority, self.fields["token_authority"].widget)
        if api.trusted_authority:
            self.initial["trusted_authority"] = AUTHORITIES.shown(api.trusted_authority, self.fields["trusted_authority"].widget)

    def _basic_of(self, holder: Any) -> Any:
        """Return the stored user name and password."""
        return BasicCredentials.objects.filter(api=holder).only("username", "written_username").first()

    def _over_http(self) -> bool:
        """Tell whether calls go unencrypted."""
        return bool(self.api.is_plain_http)

    def clean_trusted_authority(self) -> Authority | None:
        """Take an entry that is there."""
        return chosen_authority(self.cleaned_data["trusted_authority"])

    def clean_trusted_ca(self) -> str:
        """Take certificates of authorities only."""
        return clean_pasted(self.cleaned_data["trusted_ca"])

    def clean(self) -> dict[str, Any]:
        """Check the fields that belong to the chosen credentials."""
        match self.cleaned_data.get("credentials"):
            case Credentials.CLIENT_CERTIFICATE:
                self._check_certificate()
            case Credentials.BASIC:
                self._check_basic()
            case Credentials.SHARED_SECRET:
                self.check_shared_secret(stored=isinstance(self.stored, SharedSecret))
                self._check_certificate_beside()
            case Credentials.OAUTH2:
                self.check_oauth(stored=isinstance(self.stored, OAuthClient) and not self.stored.needs_no_secret)
                self._check_certificate_beside()
        self._check_asks_later()
        return self.cleaned_data

    def chosen(self) -> ApiSecurity:
        """Return what was chosen, once the form is valid."""
        cleaned = self.cleaned_data
        credentials = Credentials(cleaned["credentials"])
        basic = credentials == Credentials.BASIC
        return ApiSecurity(
            credentials=credentials,
            certificate=cleaned.get("entry"),
            username=cleaned["username"] if basic else "",
            password=Secret(cleaned["password"].encode()) if basic and cleaned["password"] else None,
            proof=self._proof(credentials),
            validate_certificate_chain=cleaned["validate_certificate_chain"],
            validate_certificate_name=cleaned["validate_certificate_name"],
            trusted_ca=cleaned["trusted_ca"],
            trusted_authority=None if cleaned["trusted_ca"] else cleaned["trusted_authority"],
            protocol=Protocol(cleaned["protocol"]) if cleaned["protocol"] else None,
            # A browser sends the protocol in any case; a client that does not, and ticks nothing, knows none of the three.
            asks_later=cleaned["asks_later"] or (False if cleaned["protocol"] else None),
            older_servers=cleaned["older_servers"] or (False if cleaned["protocol"] else None),
        )

    def _proof(self, credentials: Credentials) -> Proof | None:
        match credentials:
            case Credentials.SHARED_SECRET:
                return self.shared_secret_proof()
            case Credentials.OAUTH2:
                return self.oauth_proof()
            case _:
                return None

    def lacks_secret(self) -> None:
        """Say that the stored password or secret, which was to stay, is there no more."""
        fields = {Credentials.SHARED_SECRET: "shared_secret", Credentials.OAUTH2: "client_secret"}
        field = fields.get(self.cleaned_data["credentials"], "password")
        self.add_error(field, ENTER_THE_PASSWORD if field == "password" else ENTER_THE_SECRET)

    def _check_certificate_beside(self) -> None:
        """Take a certificate that is presented besides, if one is chosen."""
        if self.cleaned_data.get("certificate"):
            self._check_certificate()

    def _check_certificate(self) -> None:
        name = self.cleaned_data.get("certificate", "")
        if not name:
            self.add_error("certificate", _("Choose a client certificate."))
            return
        try:
            entry = CERTIFICATES.chosen(name, otherwise=NO_SUCH_CERTIFICATE)
        except ValidationError as refusal:
            self.add_error("certificate", refusal)
            offer_matches(self, "certificate", empty=str(_("Choose a certificate")))
            return
        if self._over_http():
            self.add_error("credentials", NOT_OVER_HTTP)
        self.cleaned_data["entry"] = entry

    def _check_asks_later(self) -> None:
        """Only HTTP/1.1 over TLS 1.2 can be asked again; HTTP/2 forbids it (RFC 9113, 9.2.1)."""
        if self.cleaned_data.get("asks_later") and (self.cleaned_data.get("protocol") or self.api.protocol) == ProtocolChoice.HTTP2:
            self.add_error("protocol", _("A back end that asks for the certificate later cannot be called by HTTP/2; choose Automatic."))

    def _check_basic(self) -> None:
        username, password = self.cleaned_data.get("username", ""), self.cleaned_data.get("password", "")
        if not password and not self.has_password:
            self.add_error("password", ENTER_THE_PASSWORD)
        try:
            basic_of(username, Secret(password.encode()) if password else None)
        except Unusable as refusal:
            for field, sentence in refusal.faults:
                self.add_error(field, sentence)
