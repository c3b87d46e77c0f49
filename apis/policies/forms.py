"""The editor's form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apis.forms import NOT_OVER_HTTP, RevisionField
from apis.models import Api
from apis.policies.applying import Unsuitable
from apis.policies.checking import Place, checked
from apis.policies.models import MOST_CHARACTERS
from apis.policies.own import own_document
from apis.policy import UnreadablePolicy
from apis.policy.model import AuthenticationCertificate
from portal.validators import no_private_key


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
        self.initial = {"document": text, "revision": revision}

    def clean_document(self) -> str:
        """Take a document that can be put into effect.

        :raises ValidationError: saying what is wrong, and in which line
        """
        text = str(self.cleaned_data["document"]).replace("\r\n", "\n")
        try:
            document = checked(text, self.place)
        except (UnreadablePolicy, Unsuitable) as refusal:
            raise ValidationError(str(refusal)) from refusal
        presents = any(isinstance(rule, AuthenticationCertificate) for rule in document.rules)
        if presents and isinstance(self.place, Api) and self.place.is_plain_http:
            raise ValidationError(NOT_OVER_HTTP)
        return text if text.strip() else ""


class ApiDocumentForm(DocumentForm):
    """The document of an API, for what puts former ones back."""

    def __init__(self, *args: Any, api: Api, **kwargs: Any) -> None:
        """Edit the document of *api*."""
        super().__init__(*args, place=api, text=own_document(api), revision=api.revision, **kwargs)

    def chosen(self) -> str:
        """Return the document, once the form is valid."""
        return str(self.cleaned_data["document"])
