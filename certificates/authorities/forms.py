"""The forms of trusted authorities."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from certificates import problems
from certificates.authorities.bundle import Bundle, bundle_of
from certificates.authorities.models import AuthorityVersion
from certificates.authorities.reading import MAX_PEM, BadAuthorities, read_authorities, read_file
from certificates.forms import FileOrText, small_enough
from certificates.loading import refuse_unloadable_trust
from certificates.models import NAME_MAX_LENGTH, not_reserved, valid_name
from certificates.pfx import UnreadablePfx
from portal.private_keys import holds_private_key
from portal.validators import plain_name

NO_SUCH_AUTHORITY = _("There is no trusted authority of this name.")
PEM_FIELD = {"rows": 5, "class": "mono", "spellcheck": "false", "autocomplete": "off"}


class PublicText(forms.Textarea):
    """A text that a refused form shows again, unless somebody has pasted a private key into it."""

    def format_value(self, value: Any) -> Any:
        """Return the text."""
        return "" if holds_private_key(str(value or "")) else super().format_value(value)


class CertificatesForm(FileOrText):
    """Certificates of authorities: a file, or text."""

    file = forms.FileField(
        label=_("Certificate file"),
        help_text=_("One or several certificates of authorities: PEM, DER (.cer, .crt) or PKCS#7 (.p7b), without a private key."),
        allow_empty_file=True,  # told apart by whoever reads it, with what to do
        max_length=1000,
        widget=forms.FileInput(
            attrs={"accept": ".pem,.crt,.cer,.der,.p7b,.p7c,.txt,application/pkix-cert,application/x-pkcs7-certificates"}
        ),
    )
    pem = forms.CharField(
        label=_("Or paste PEM text"),
        help_text=_("Each certificate from BEGIN to END."),
        required=False,
        widget=PublicText(attrs=PEM_FIELD),
    )

    def clean_file(self) -> UploadedFile[bytes] | None:
        """Refuse what is too large to be certificates."""
        return small_enough(self.cleaned_data["file"])

    def read(self) -> Bundle | None:
        """Return what a valid form brings; where that cannot be, put the sentence at its field and return ``None``."""
        file, now = self.cleaned_data["file"], timezone.now()
        try:
            pem = read_file(file.read(), now=now) if file is not None else read_authorities(self.cleaned_data["pem"], now=now)
            return loadable(pem)
        except BadAuthorities as refusal:
            self.add_error(self.source, str(refusal))
        except UnreadablePfx as refusal:
            self.add_error(self.source, ValidationError(problems.sentence(refusal), code=refusal.problem))
        return None


class NewAuthorityForm(CertificatesForm):
    """A new entry."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("APIs refer to it by this name; a replacement keeps it. Empty: made from the subject."),
        required=False,
        max_length=NAME_MAX_LENGTH,
        validators=[valid_name, not_reserved, plain_name],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class RollBackForm(forms.Form):
    """The version to trust again."""

    version = forms.ModelChoiceField(AuthorityVersion.objects.none(), to_field_name="number")


def loadable(pem: str) -> Bundle:
    """Return what *pem* holds, once the gateway's loader has taken it; it is not asked about what an entry holds already.

    :raises UnreadablePfx: if the gateway would not load it, or could not be asked
    """
    bundle = bundle_of(pem)
    if not AuthorityVersion.objects.filter(digest=bundle.digest).exists():
        refuse_unloadable_trust(pem, bundle.ders)
    return bundle


def clean_pasted(text: str) -> str:
    """Return the authorities that were pasted into an API's form, in PEM.

    :raises ValidationError: saying what is wrong with them
    """
    if not text:
        return ""
    try:
        return loadable(read_authorities(text, now=timezone.now())).pem
    except BadAuthorities as refusal:
        raise ValidationError(str(refusal)) from refusal
    except UnreadablePfx as refusal:
        raise ValidationError(problems.sentence(refusal), code=refusal.problem) from refusal


__all__ = ["MAX_PEM", "CertificatesForm", "NewAuthorityForm", "RollBackForm", "clean_pasted", "loadable"]
