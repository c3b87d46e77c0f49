"""The editor's form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apis.forms import NOT_OVER_HTTP, RevisionField
from apis.models import Api
from apis.policies.checking import Place, checked
from apis.policies.models import MOST_CHARACTERS
from apis.policies.own import own_document
from apis.policies.proving import Unsuitable
from apis.policies.words import in_words
from apis.policy import UnreadablePolicy
from apis.policy.model import AuthenticationCertificate, Rule, SetBackendService
from apis.service_url import is_plain_http
from certificates.sealing import SealingError
from portal.validators import no_private_key

DOES_NOT_OPEN = _("A secret named value in it, or the stored password, does not open. Enter that anew first.")


class DocumentForm(forms.Form):
    """A policy document."""

    document = forms.CharField(
        label=_("Policy document"),
        required=False,
        strip=False,
        max_length=MOST_CHARACTERS,
        validators=[no_private_key],
        help_text=_("XML. Left empty, there is none, and what stands around it holds."),
        widget=forms.Textarea(attrs={"class": "mono code", "rows": 16, "spellcheck": "false", "autocapitalize": "none", "wrap": "off"}),
    )
    revision = RevisionField()

    def __init__(self, *args: Any, place: Place = None, text: str = "", revision: int = 0, **kwargs: Any) -> None:
        """Edit the document *text* about *place*."""
        super().__init__(*args, **kwargs)
        self.place = place
        self.line_at_fault: int | None = None
        self.initial = {"document": text, "revision": revision}

    def clean_document(self) -> str:
        """Take a document that can be put into effect.

        :raises ValidationError: saying what is wrong, and in which line
        """
        text = str(self.cleaned_data["document"]).replace("\r\n", "\n")
        try:
            document = checked(text, self.place)
        except UnreadablePolicy as refusal:
            self.line_at_fault = refusal.line
            raise ValidationError(in_words(refusal.sentence)) from refusal
        except Unsuitable as refusal:
            raise ValidationError(str(refusal)) from refusal
        except SealingError as refusal:
            raise ValidationError(DOES_NOT_OPEN) from refusal
        if isinstance(self.place, Api) and _presents_over_http(document.rules, self.place):
            raise ValidationError(NOT_OVER_HTTP)
        return text if text.strip() else ""


def _presents_over_http(rules: tuple[Rule, ...], api: Api) -> bool:
    """Return whether *rules* present a certificate where they lead calls of *api*, and that is unencrypted."""
    presents = any(isinstance(rule, AuthenticationCertificate) for rule in rules)
    lead = next((rule for rule in rules if isinstance(rule, SetBackendService)), SetBackendService(base_url=api.own_address))
    return presents and is_plain_http(lead.base_url)  # a back end that has a certificate is called by https


class ApiDocumentForm(DocumentForm):
    """The document of an API, for what puts former ones back."""

    def __init__(self, *args: Any, api: Api, **kwargs: Any) -> None:
        """Edit the document of *api*."""
        super().__init__(*args, place=api, text=own_document(api), revision=api.revision, **kwargs)

    def chosen(self) -> str:
        """Return the document, once the form is valid."""
        return str(self.cleaned_data["document"])
