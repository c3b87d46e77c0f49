"""The form of an order."""

from __future__ import annotations

import re
from typing import Any

from cryptography.x509 import DNSName, IPAddress
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from certificates.models import NAME_MAX_LENGTH, not_reserved, valid_name
from certificates.sealing import Secret
from certificates.signing import BadName, KeyKind
from certificates.signing.typed import alternatives_of, separate
from certificates.sources.acme.ordering import DNS_01, HTTP_01, Binding, Wish
from certificates.sources.forms import KEYS, MOST_NAMES, refusal_of
from portal.validators import no_private_key, plain_name


class AcmeForm(forms.Form):
    """What is ordered by ACME, and from whom."""

    directory = forms.ChoiceField(
        label=_("Authority"), help_text=_("The directories that administrators allow (PORTAL_ACME_DIRECTORIES)."), choices=()
    )
    names = forms.CharField(
        label=_("Names"),
        help_text=_("Host names or IP addresses that the certificate is for, one a line."),
        max_length=20_000,
        validators=[no_private_key],
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    challenge = forms.ChoiceField(
        label=_("Proof that the names are yours"),
        help_text=_("By HTTP, the authority asks at port 80 of each name; let /.well-known/acme-challenge/ there lead to the portal."),
        choices=(),
    )
    key = forms.ChoiceField(label=_("Key"), help_text=_("Made here for each renewal, and sealed at once."), choices=KEYS)
    email = forms.EmailField(label=_("E-mail address"), help_text=_("Where the authority writes to. Some want one."), required=False)
    binding = forms.CharField(
        label=_("Account identifier"),
        help_text=_("Where the authority ties accounts to its own (external account binding): the identifier it gave you."),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    binding_key = forms.CharField(
        label=_("Account key"),
        help_text=_("The key that it gave you with it, in base64. Used now, and not kept."),
        required=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(
        label=_("Name"),
        help_text=_("Of the entry that renews itself so; it is added if it is not there yet. Empty: made from the first name."),
        required=False,
        max_length=NAME_MAX_LENGTH,
        validators=[valid_name, not_reserved, plain_name],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what the installation allows."""
        super().__init__(*args, **kwargs)
        by_dns = [(DNS_01, _("by DNS (dns-01)"))] if settings.ACME_DNS_HOOK else []
        self.fields["directory"].choices = [(one, one) for one in settings.ACME_DIRECTORIES]  # type: ignore[attr-defined]
        self.fields["challenge"].choices = [(HTTP_01, _("by HTTP (http-01)")), *by_dns]  # type: ignore[attr-defined]

    def clean_names(self) -> tuple[str, ...]:
        """Take the names apart, and refuse what an authority cannot look up."""
        names = separate(self.cleaned_data["names"])
        try:
            found = alternatives_of(names)
        except BadName as bad:
            raise refusal_of(bad) from bad
        if other := next((text for text, one in zip(names, found, strict=True) if not isinstance(one, DNSName | IPAddress)), None):
            raise forms.ValidationError(_("“%(part)s” is neither a host name nor an IP address."), params={"part": other})
        if len(names) > MOST_NAMES:
            raise forms.ValidationError(_("A certificate gets at most %(number)d alternative names here."), params={"number": MOST_NAMES})
        return tuple(str(one.value) for one in found)

    def clean_binding_key(self) -> Secret:
        """Hold the key so that it is never printed; refuse what is no base64."""
        key: str = self.cleaned_data["binding_key"].strip()
        if not re.fullmatch(r"[A-Za-z0-9_+/-]*={0,2}", key):
            raise forms.ValidationError(_("This is not base64."))
        return Secret(key.translate(str.maketrans("+/", "-_")).rstrip("=").encode())

    def clean(self) -> dict[str, Any]:
        """Demand identifier and key together."""
        bound, key = self.cleaned_data.get("binding"), self.cleaned_data.get("binding_key")
        if bound and key is not None and not key.value:
            self.add_error("binding_key", _("The identifier goes with a key: enter both, or neither."))
        if key is not None and key.value and not bound:
            self.add_error("binding", _("The key goes with an identifier: enter both, or neither."))
        return self.cleaned_data

    def wish(self) -> Wish:
        """Return what a valid form orders."""
        asked = {field: self.cleaned_data[field] for field in ("directory", "names", "challenge", "email")}
        return Wish(key=KeyKind(self.cleaned_data["key"]), **asked)

    def bound_to(self) -> Binding | None:
        """Return what ties the new account to one that the authority knows."""
        identifier = self.cleaned_data["binding"]
        return Binding(identifier=identifier, key=self.cleaned_data["binding_key"]) if identifier else None
