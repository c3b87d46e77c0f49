"""The forms of an import: where the document is, and what is confirmed once it was read."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apis.definitions.model import MOST_BYTES, Definition, Problem, Unreadable
from apis.definitions.opening import open_definition
from apis.exchange import words
from apis.exchange.fetching import Unfetched, fetch
from apis.forms import RevisionField

_LONGEST_URL = 2000
_LONGEST_KEPT = 2 * MOST_BYTES  # base64 of what hardly shrinks


class SourceForm(forms.Form):
    """Where a document is: a file, a pasted text or a URL."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,  # told apart below, with what to do
        max_length=1000,
        help_text=_("OpenAPI 3.0 to 3.2 or Swagger 2.0, in JSON or YAML, up to 4 MiB."),
        widget=forms.FileInput(attrs={"accept": ".json,.yaml,.yml,.txt,application/json,application/yaml"}),
    )
    url = forms.CharField(
        label=_("URL"),
        required=False,
        max_length=_LONGEST_URL,
        help_text=_("The portal gets it once, now; the addresses that a Web service URL may have are allowed."),
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocapitalize": "none"}),
    )
    document = forms.CharField(
        label=_("Pasted text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocapitalize": "none"}),
    )
    query_in_template = forms.BooleanField(
        label=_("Calls must have their required query parameters"),
        required=False,
        initial=True,
        help_text=_("They become part of the URL template; a call without one matches no operation."),
    )
    SOURCES = ("file", "url", "document")

    definition: Definition
    data_read: bytes
    origin = ""

    def clean(self) -> dict[str, Any]:
        """Read the document from where it is.

        Sets ``definition``, and the bytes and the URL that it comes from.
        """
        given = [name for name in self.SOURCES if self.cleaned_data.get(name)]
        if self.errors:
            return self.cleaned_data
        if len(given) != 1:
            sentence = _("Give one of them: a file, a URL or a pasted text.")
            self.add_error(given[1] if given else "file", sentence)
            return self.cleaned_data
        try:
            self.data_read = self._data(given[0])
            self.definition = open_definition(self.data_read)
        except Unfetched as refusal:
            self.add_error(given[0], ValidationError(str(refusal.fault)))
        except Unreadable as refusal:
            self.add_error(given[0], ValidationError(words.problem(refusal)))
        return self.cleaned_data

    def _data(self, source: str) -> bytes:
        value = self.cleaned_data[source]
        if source == "url":
            data, self.origin = fetch(value)
            return data
        if source == "document":
            return str(value).encode("utf-8", "replace")
        if value.size > MOST_BYTES:
            raise Unreadable(Problem.TOO_LARGE)
        return bytes(value.read())

    def kept(self) -> dict[str, Any]:
        """Return what the page of the preview brings back when it is confirmed."""
        return {
            "kept": base64.b64encode(zlib.compress(self.data_read)).decode(),
            "origin": self.origin,
            "query_in_template": self.cleaned_data["query_in_template"],
        }


class KeptForm(forms.Form):
    """A document that was read once, as the page of its preview brings it back."""

    kept = forms.CharField(max_length=_LONGEST_KEPT, widget=forms.HiddenInput)
    origin = forms.CharField(required=False, max_length=_LONGEST_URL, widget=forms.HiddenInput)
    query_in_template = forms.BooleanField(required=False, widget=forms.HiddenInput)

    definition: Definition

    def clean_kept(self) -> str:
        """Read it again; it went through somebody's hands. Sets ``definition``."""
        kept: str = self.cleaned_data["kept"]
        try:
            self.definition = open_definition(_unpacked(kept))
        except (binascii.Error, zlib.error, ValueError) as error:
            raise ValidationError(_("The document did not come back whole. Import it again.")) from error
        except Unreadable as refusal:
            raise ValidationError(words.problem(refusal)) from refusal
        return kept


class DifferenceForm(KeptForm):
    """What is confirmed of an import into an API that is there."""

    delete_missing = forms.BooleanField(
        label=_("Delete the operations that the document does not have"),
        required=False,
        initial=True,
    )
    revision = RevisionField()


def _unpacked(kept: str) -> bytes:
    return zlib.decompressobj().decompress(base64.b64decode(kept, validate=True), MOST_BYTES + 1)
