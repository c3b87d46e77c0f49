"""The forms of export and import: where secrets go, which file, and what is confirmed."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

import pyrage
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from certificates.sealing import Secret
from rest.configuration.importing import doubles_of
from rest.configuration.overlays import laid_over
from rest.configuration.secrets.keeping import Encrypted, Keeper, Nowhere
from rest.configuration.secrets.sealed import BadKey, Keys, Lock, seal
from rest.configuration.text import NotRead, read

MOST_BYTES = 8 * 1024 * 1024
_LONGEST_KEPT = 2 * MOST_BYTES  # base64 of what hardly shrinks
_LEAST_PASSPHRASE = 12
_IDENTITY = "AGE-SECRET-KEY-"
_SECRET_FIELD = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_FILE = {"accept": ".yaml,.yml,.json,application/yaml,application/json"}
LEFT_OUT, PASSPHRASE, KEYS = "left-out", "passphrase", "keys"


class DownloadForm(forms.Form):
    """Where the secrets of an export go."""

    secrets = forms.ChoiceField(
        label=_("Secrets"),
        choices=[
            (LEFT_OUT, _("Left out: an import leaves alone those that are there")),
            (PASSPHRASE, _("Encrypted by a passphrase")),
            (KEYS, _("Encrypted to public keys of age")),
        ],
        initial=LEFT_OUT,
        widget=forms.RadioSelect,
        help_text=_("Passwords, subscription keys, private keys of certificates, addresses of channels."),
    )
    passphrase = forms.CharField(
        label=_("Passphrase"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Of 12 characters at least. Whoever has file and passphrase has the secrets."),
    )
    recipients = forms.CharField(
        label=_("Public keys"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", **_SECRET_FIELD}),
        help_text=_("age1… or ssh-ed25519 …, one a line."),
    )

    def clean(self) -> dict[str, Any]:
        """Demand what encrypts, where secrets are to be encrypted."""
        cleaned = self.cleaned_data
        match cleaned.get("secrets"):
            case "passphrase" if len(cleaned.get("passphrase", "")) < _LEAST_PASSPHRASE:
                self.add_error("passphrase", _("Enter at least 12 characters; several words are best."))
            case "keys":
                self._check_recipients()
        return cleaned

    def keeper(self) -> Keeper:
        """Return what takes the secrets, once the form is valid."""
        return Nowhere() if self.cleaned_data["secrets"] == LEFT_OUT else Encrypted(self._lock())

    def _lock(self) -> Lock:
        if self.cleaned_data["secrets"] == PASSPHRASE:
            return Lock(passphrase=Secret(self.cleaned_data["passphrase"].encode()))
        return Lock(recipients=tuple(line.strip() for line in self.cleaned_data["recipients"].splitlines() if line.strip()))

    def _check_recipients(self) -> None:
        if not self._lock().recipients:
            self.add_error("recipients", _("Enter a public key of age, such as age-keygen shows."))
            return
        try:
            seal({}, self._lock())
        except (BadKey, pyrage.EncryptError) as refusal:
            self.add_error("recipients", str(refusal))


class _Opening(forms.Form):
    """What opens the secrets of a file."""

    opens = forms.CharField(
        label=_("Passphrase or private key of age"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Only if the file holds encrypted secrets. It is not kept."),
    )

    def keys(self) -> Keys:
        """Return it, once the form is valid."""
        text = self.cleaned_data["opens"]
        if text.strip().startswith(_IDENTITY):
            return Keys(identities=(Secret(text.strip().encode()),))
        return Keys(passphrase=Secret(text.encode()) if text else None)


class UploadForm(_Opening):
    """Which file, what differs here, and whether what it does not mention goes."""

    file = forms.FileField(label=_("File"), max_length=1000, widget=forms.FileInput(attrs=_FILE), help_text=_("YAML or JSON, as exported."))
    overlay = forms.FileField(
        label=_("Overlay"),
        required=False,
        max_length=1000,
        widget=forms.FileInput(attrs=_FILE),
        help_text=_("What differs in this environment, laid over the file. May be left empty."),
    )
    delete_unmentioned = forms.BooleanField(
        label=_("Delete what the file does not mention"),
        required=False,
        help_text=_("In the sections that it has. The next page names each deletion."),
    )
    field_order = ("file", "overlay", "opens", "delete_unmentioned")

    document: Any = None

    def clean_file(self) -> Any:
        """Read the file."""
        return _values(self.cleaned_data["file"])

    def clean_overlay(self) -> Any:
        """Read the overlay, if there is one."""
        return _values(self.cleaned_data["overlay"]) if self.cleaned_data["overlay"] else None

    def clean(self) -> dict[str, Any]:
        """Lay the one over the other. Sets ``document``."""
        if not self.errors:
            over = self.cleaned_data["overlay"]
            self.document = laid_over(self.cleaned_data["file"], over) if over is not None else self.cleaned_data["file"]
        return self.cleaned_data

    def kept(self) -> dict[str, Any]:
        """Return what the page of the plan brings back when it is confirmed."""
        packed = base64.b64encode(zlib.compress(json.dumps(self.document).encode())).decode()
        return {"kept": packed, "delete_unmentioned": self.cleaned_data["delete_unmentioned"]}


class ConfirmForm(_Opening):
    """What was planned, as its page brings it back."""

    kept = forms.CharField(max_length=_LONGEST_KEPT, widget=forms.HiddenInput)
    delete_unmentioned = forms.BooleanField(required=False, widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)  # of what was shown

    document: Any = None

    def clean_kept(self) -> str:
        """Read it again; it went through somebody's hands. Sets ``document``."""
        kept: str = self.cleaned_data["kept"]
        try:
            data = zlib.decompressobj().decompress(base64.b64decode(kept, validate=True), 2 * MOST_BYTES)
            self.document = read(data.decode())
        except (binascii.Error, zlib.error, ValueError, NotRead) as error:
            raise ValidationError(_("The file did not come back whole. Choose it again.")) from error
        return kept

    @property
    def holds_secrets(self) -> bool:
        """Whether the file has secrets to be opened."""
        return isinstance(self.document, dict) and bool(self.document.get("secrets"))


def _values(file: Any) -> Any:
    """Return the values in an uploaded file."""
    if file.size > MOST_BYTES:
        raise ValidationError(_("The file is larger than 8 MiB; use the command on the server."))
    try:
        values = read(file.read().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValidationError(_("The file is no text in UTF-8.")) from error
    except NotRead as refusal:
        raise ValidationError(str(refusal)) from refusal
    if not isinstance(values, dict):
        raise ValidationError(_("The file is no object, so it is no configuration."))
    if doubles := list(doubles_of(values)):
        raise ValidationError([f"{fault.target}: {fault.message}" for fault in doubles])
    return values
