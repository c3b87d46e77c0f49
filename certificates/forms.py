"""The forms of client certificates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from certificates import problems
from certificates.loading import open_loadable
from certificates.models import NAME_MAX_LENGTH, CertificateVersion, not_reserved, valid_name
from certificates.pfx import MOST_BYTES, Pfx, Problem, UnreadablePfx, joined, password_of
from certificates.sealing import Secret
from portal.validators import plain_name

LONGEST_PASSWORD = 4096  # characters


class PrivateText(forms.Textarea):
    """A text that a refused form does not show again, because it holds a private key."""

    def format_value(self, value: Any) -> str:  # noqa: ARG002 - Django's signature
        """Return nothing."""
        return ""


class FileOrText(forms.Form):
    """A file, or in place of it a pasted text in the field ``pem``; whoever inherits names the field of the file."""

    FILE = "file"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Demand a file, unless there is a text in place of it."""
        super().__init__(*args, **kwargs)
        self.fields[self.FILE].required = not self.data.get("pem")

    def clean_pem(self) -> str:
        """Refuse what is too large to be certificates and a key."""
        pem: str = self.cleaned_data["pem"]
        if len(pem) > MOST_BYTES:
            raise too_large()
        return pem

    def clean(self) -> dict[str, Any]:
        """Refuse a file and a text at once: which of them is meant, nobody could tell."""
        if self.files.get(self.FILE) is not None and self.data.get("pem"):
            self.add_error("pem", _("Choose a file or paste text, not both: leave one of them empty."))
        return self.cleaned_data

    @property
    def source(self) -> str:
        """The field that what is wrong with the certificate belongs to."""
        return "pem" if self.files.get(self.FILE) is None and self.data.get("pem") else self.FILE


class PfxForm(FileOrText):
    """A PFX file and its password, taken exactly as typed; or PEM, as files or pasted."""

    file = forms.FileField(
        label=_("Certificate file"),
        help_text=_(".pfx or .p12 with its private key, or PEM with both; up to 256 kB. Self-signed is fine."),
        allow_empty_file=True,  # told apart below, with what to do
        max_length=1000,
        widget=forms.FileInput(attrs={"accept": ".pfx,.p12,.pem,.crt,.cer,.txt,application/x-pkcs12"}),
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("The password the file was exported with; empty if it has none. It opens the file now and is not kept."),
        required=False,
        strip=False,
        validators=[MaxLengthValidator(LONGEST_PASSWORD)],
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    key = forms.FileField(
        label=_("Private key file"),
        help_text=_("Only where the certificate file does not hold the key: .key or .pem, encrypted or not."),
        required=False,
        allow_empty_file=True,
        max_length=1000,
        widget=forms.FileInput(attrs={"accept": ".key,.pem,.der"}),
    )
    pem = forms.CharField(
        label=_("Or paste PEM text"),
        help_text=_("Certificate, chain and private key, each from BEGIN to END."),
        required=False,
        widget=PrivateText(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_file(self) -> UploadedFile[bytes] | None:
        """Refuse what is too large to be a PFX file."""
        return small_enough(self.cleaned_data["file"])

    def clean_key(self) -> UploadedFile[bytes] | None:
        """Refuse what is too large to be a key."""
        return small_enough(self.cleaned_data["key"])

    @property
    def is_in_pem(self) -> bool:
        """Whether the part for PEM was used; it stands open when the form comes back."""
        return bool(self.data.get("pem") or self.files.get("key"))

    def clean_password(self) -> Secret:
        """Hold the password so that it is never printed."""
        return password_of(self.cleaned_data["password"])

    def open(self) -> Pfx | None:
        """Open the file of a valid form; where that fails, put the sentence at its field and return ``None``."""
        try:
            return open_loadable(self._data(), self.cleaned_data["password"], now=timezone.now())
        except UnreadablePfx as refusal:
            field = "password" if problems.field(refusal) == "password" else self.source
            self.add_error(field, forms.ValidationError(problems.sentence(refusal), code=refusal.problem))
            return None

    def _data(self) -> bytes:
        """Return what was sent, in one piece."""
        files = (self.cleaned_data[name] for name in ("file", "key"))
        return joined([*(file.read() for file in files if file is not None), self.cleaned_data["pem"].encode("utf-8", "replace")])


class UploadForm(PfxForm):
    """A new entry."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("APIs refer to the certificate by this name; a renewal keeps it. Empty: made from the common name."),
        required=False,
        max_length=NAME_MAX_LENGTH,
        validators=[valid_name, not_reserved, plain_name],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


def small_enough(file: UploadedFile[bytes] | None) -> UploadedFile[bytes] | None:
    """Return *file*.

    :raises ValidationError: if it is larger than a certificate with its chain and its key can be
    """
    if file is not None and (file.size is None or file.size > MOST_BYTES):
        raise too_large()
    return file


def too_large() -> forms.ValidationError:
    """Return the refusal of what is too large."""
    return forms.ValidationError(problems.sentence(UnreadablePfx(Problem.TOO_LARGE)), code=Problem.TOO_LARGE)


class RollBackForm(forms.Form):
    """The version to present again."""

    version = forms.ModelChoiceField(CertificateVersion.objects.none(), to_field_name="number")
