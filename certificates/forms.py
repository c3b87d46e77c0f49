"""The forms of client certificates."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from certificates import problems
from certificates.loading import open_loadable
from certificates.models import NAME_MAX_LENGTH, CertificateVersion, not_reserved, valid_name
from certificates.pfx import MOST_BYTES, Pfx, Problem, UnreadablePfx, password_of
from certificates.sealing import Secret

LONGEST_PASSWORD = 4096  # characters


class PfxForm(forms.Form):
    """A PFX file and its password, taken exactly as typed."""

    file = forms.FileField(
        label=_("Certificate file"),
        help_text=_(".pfx or .p12 with its private key, up to 256 kB. Self-signed is fine."),
        allow_empty_file=True,  # told apart below, with what to do
        max_length=1000,
        widget=forms.FileInput(attrs={"accept": ".pfx,.p12,application/x-pkcs12"}),
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("The password the file was exported with; empty if it has none. It opens the file now and is not kept."),
        required=False,
        strip=False,
        validators=[MaxLengthValidator(LONGEST_PASSWORD)],
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_file(self) -> UploadedFile[bytes]:
        """Refuse what is too large to be a PFX file."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size is None or file.size > MOST_BYTES:
            raise forms.ValidationError(problems.sentence(UnreadablePfx(Problem.TOO_LARGE)), code=Problem.TOO_LARGE)
        return file

    def clean_password(self) -> Secret:
        """Hold the password so that it is never printed."""
        return password_of(self.cleaned_data["password"])

    def open(self) -> Pfx | None:
        """Open the file of a valid form; where that fails, put the sentence at its field and return ``None``."""
        try:
            return open_loadable(self.cleaned_data["file"].read(), self.cleaned_data["password"])
        except UnreadablePfx as refusal:
            self.add_error(problems.field(refusal), forms.ValidationError(problems.sentence(refusal), code=refusal.problem))
            return None


class UploadForm(PfxForm):
    """A new entry."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("APIs refer to the certificate by this name; a renewal keeps it. Empty: made from the common name."),
        required=False,
        max_length=NAME_MAX_LENGTH,
        validators=[valid_name, not_reserved],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class RollBackForm(forms.Form):
    """The version to present again."""

    version = forms.ModelChoiceField(CertificateVersion.objects.none(), to_field_name="number")
