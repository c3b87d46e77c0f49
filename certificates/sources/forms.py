"""The forms of signing requests and watched places."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from certificates import problems
from certificates.facts import Facts
from certificates.forms import FileOrText, PrivateText, small_enough
from certificates.models import NAME_MAX_LENGTH, not_reserved, valid_name
from certificates.pfx import UnreadablePfx
from certificates.signing import BadName, KeyKind, Wrong
from certificates.signing.typed import alternatives_of, separate, subject_of
from certificates.sources.watched import WatchedPlace
from certificates.x509.names import NameKind
from portal.validators import no_private_key, plain_name

MOST_NAMES = 100
_PREFILLED = (NameKind.HOST, NameKind.ADDRESS, NameKind.PLAIN)
KEYS = [
    (KeyKind.RSA_2048, _("RSA 2048")),
    (KeyKind.RSA_3072, _("RSA 3072")),
    (KeyKind.RSA_4096, _("RSA 4096")),
    (KeyKind.EC_P256, _("EC P-256")),
    (KeyKind.EC_P384, _("EC P-384")),
]
_WRONG = {
    Wrong.NO_TYPE: _(
        "“%(part)s” does not say what it is. Write type and value of each part, with commas between: CN=orders,O=Example,C=DE"
    ),
    Wrong.UNKNOWN_TYPE: _(
        "The type of “%(part)s” is not known. Known are CN, O, OU, C, ST, L, STREET, DC, UID, emailAddress, serialNumber."
    ),
    Wrong.COUNTRY: _("“%(part)s”: a country has two letters, as in C=DE."),
    Wrong.VALUE: _(
        "“%(part)s” cannot stand in a certificate: the value is empty, too long (a common name has 64 characters at most), or has "
        'one of , + " \\ < > ; without a \\ before it.'
    ),
    Wrong.ALTERNATIVE: _("“%(part)s” is no host name, IP address, e-mail address or URI."),
    Wrong.SCRIPT: _("“%(part)s” has characters that an e-mail address or a URI in a certificate cannot have."),
}


class RequestForm(forms.Form):
    """What a signing request asks for."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("Of the entry that gets the certificate, as its next version if it is there. Empty: made from the common name."),
        required=False,
        max_length=NAME_MAX_LENGTH,
        validators=[valid_name, not_reserved, plain_name],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    subject = forms.CharField(
        label=_("Subject"),
        help_text=_("Type and value, the most specific first: CN=orders,O=Example,C=DE. The authority may change it."),
        required=False,
        max_length=2000,
        validators=[plain_name],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    names = forms.CharField(
        label=_("Alternative names"),
        help_text=_("Host names, IP addresses, e-mail addresses, URIs: one a line. For a client certificate usually none."),
        required=False,
        max_length=20_000,
        validators=[no_private_key],
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    key = forms.ChoiceField(
        label=_("Key"),
        help_text=_("Made here and sealed at once; it never leaves the portal. Choose what your authority signs and your back ends take."),
        choices=KEYS,
    )

    def clean_subject(self) -> str:
        """Refuse what no certificate can have as its subject."""
        subject: str = self.cleaned_data["subject"]
        try:
            subject_of(subject)
        except BadName as bad:
            raise refusal_of(bad) from bad
        return subject

    def clean_names(self) -> tuple[str, ...]:
        """Take the names apart, and refuse what is none."""
        names = separate(self.cleaned_data["names"])
        if len(names) > MOST_NAMES:
            raise forms.ValidationError(_("A certificate gets at most %(number)d alternative names here."), params={"number": MOST_NAMES})
        try:
            alternatives_of(names)
        except BadName as bad:
            raise refusal_of(bad) from bad
        return names

    def clean(self) -> dict[str, Any]:
        """Demand something that names whom the certificate is for."""
        if not self.errors and not self.cleaned_data["subject"].strip() and not self.cleaned_data["names"]:
            self.add_error("subject", _("Say whom the certificate is for: a subject, for instance CN=orders, or alternative names."))
        return self.cleaned_data

    @staticmethod
    def like(facts: Facts) -> dict[str, Any]:
        """Return what asks for a certificate like another one: the same subject, names and kind of key."""
        names = [str(name) for name in facts.alternative_names if name.kind in _PREFILLED]
        kinds = {"P-256": KeyKind.EC_P256, "P-384": KeyKind.EC_P384, "RSA 2048": KeyKind.RSA_2048, "RSA 4096": KeyKind.RSA_4096}
        return {"subject": facts.subject, "names": "\n".join(names), "key": kinds.get(facts.key_type, KeyKind.RSA_3072)}


class WatchForm(forms.Form):
    """Where the files lie that an entry renews itself from."""

    path = forms.CharField(
        label=_("File or folder"),
        help_text=_("The whole path of a .pfx file, of a PEM file, or of the folder that holds certificate, chain and key."),
        max_length=4000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    password_file = forms.CharField(
        label=_("Password file"),
        help_text=_("The whole path of a file whose one line is the password. Empty if there is none."),
        required=False,
        max_length=4000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    key_file = forms.CharField(
        label=_("Private key file"),
        help_text=_("Only where the key lies neither in that file nor in that folder."),
        required=False,
        max_length=4000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    chain_file = forms.CharField(
        label=_("Chain file"),
        help_text=_("Only where the certificates above lie neither in that file nor in that folder."),
        required=False,
        max_length=4000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(
        label=_("Name"),
        help_text=_("Of the entry that renews itself from there; it is added if it is not there yet. Empty: made from the common name."),
        required=False,
        max_length=NAME_MAX_LENGTH,
        validators=[valid_name, not_reserved, plain_name],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def place(self) -> WatchedPlace:
        """Return the place that a valid form names."""
        named = {field: self.cleaned_data[field] for field in ("path", "password_file", "key_file", "chain_file")}
        return WatchedPlace.of(named, settings.WATCHED_FOLDERS)


class AnswerForm(FileOrText):
    """What the authority has returned: a file, or pasted."""

    FILE = "certificate"

    certificate = forms.FileField(
        label=_("Signed certificate"),
        help_text=_("What the authority has returned: PEM, DER (.cer, .crt) or PKCS#7 (.p7b), with or without the chain."),
        allow_empty_file=True,
        max_length=1000,
        widget=forms.FileInput(attrs={"accept": ".pem,.cer,.crt,.der,.p7b,.p7c,.txt"}),
    )
    pem = forms.CharField(
        label=_("Or paste PEM text"),
        help_text=_("The certificate, and the chain if you have it, each from BEGIN to END."),
        required=False,
        widget=PrivateText(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_certificate(self) -> Any:
        """Refuse what is too large."""
        return small_enough(self.cleaned_data["certificate"])

    def sent(self) -> bytes:
        """Return what was brought."""
        file = self.cleaned_data["certificate"]
        content: bytes = file.read() if file is not None else self.cleaned_data["pem"].encode("utf-8", "replace")
        return content

    def refuse(self, refusal: UnreadablePfx) -> None:
        """Put the sentence at its field."""
        self.add_error(self.source, forms.ValidationError(problems.sentence(refusal), code=refusal.problem))


def refusal_of(bad: BadName) -> forms.ValidationError:
    """Return what is wrong with a name, as a form says it."""
    return forms.ValidationError(_WRONG[bad.wrong], params={"part": bad.part})
