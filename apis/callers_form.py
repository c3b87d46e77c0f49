"""The form of an API's Callers tab."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apis.actions import ApiCallers
from apis.callers import CallerCertificate, identity_of, text_of
from apis.calls_form import ListField
from apis.forms import RevisionField
from apis.models import Api
from apis.pickers import AUTHORITIES, chooses_authority, chosen_authority
from apis.policy.callers import normal_identity
from certificates.authorities.forms import MAX_PEM, PEM_FIELD, PublicText, clean_pasted
from certificates.authorities.models import Authority
from certificates.host_names import is_host_name

_REQUIRED_ONLY = ("caller_authority", "caller_authorities", "caller_identities")


def _host(text: str) -> str:
    host = text.lower().removesuffix(".")
    if is_host_name(host):
        return host
    raise ValidationError(_("%(value)s is not a host name; write api.example.com or *.example.com."), params={"value": text})


def _identity(text: str) -> str:
    if identity := normal_identity(text):
        return text_of(identity)
    words = _("%(value)s is neither a thumbprint (40 or 64 hexadecimal digits) nor a host name or URI.")
    raise ValidationError(words, params={"value": text})


class CallersForm(forms.Form):
    """Under which host names an API may be called, and which certificates callers need. What does not count is forgotten."""

    hosts = ListField(
        label=_("Host names"),
        check=_host,
        placeholder=_("any"),
        help_text=_("Calls under other names are answered 404. One a line; *.example.com stands for all names one level below."),
    )
    caller_certificate = forms.ChoiceField(
        label=_("Callers' certificates"),
        choices=CallerCertificate,
        help_text=_("Beside the subscription key, or instead of it where none is required (Settings). It needs HTTPS at the gateway."),
    )
    caller_authority = forms.CharField(
        label=_("Authority of callers"), required=False, help_text=_("What the caller's certificate must lead to.")
    )
    caller_authorities = forms.CharField(
        label=_("Or paste another one"),
        required=False,
        max_length=MAX_PEM,
        help_text=_("Certificates in PEM form, in place of the one chosen above. They are kept under Security, Trusted authorities."),
        widget=PublicText(attrs=PEM_FIELD),
    )
    caller_identities = ListField(
        label=_("Callers let in"),
        check=_identity,
        help_text=_(
            "Thumbprints (SHA-1 or SHA-256), or host names and URIs among the alternative names; one a line. "
            "Empty: all that the authorities have issued."
        ),
    )
    revision = RevisionField()

    def __init__(self, *args: Any, api: Api, **kwargs: Any) -> None:
        """Edit *api*."""
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(api, name) for name in self.fields}
        entry = api.caller_authority
        self.initial |= {"caller_authority": entry.name, "caller_authorities": ""} if entry else {"caller_authority": ""}
        self.fields["caller_authority"].widget = chooses_authority(str(_("None")))
        if entry:
            self.initial["caller_authority"] = AUTHORITIES.shown(entry, self.fields["caller_authority"].widget)
        for name in _REQUIRED_ONLY:  # not marked "(optional)": they show where they are needed
            self.fields[name].needed_if_chosen = True  # type: ignore[attr-defined]  # for templates/django/forms/field.html

    def clean_caller_authority(self) -> Authority | None:
        """Take an entry that is there."""
        return chosen_authority(self.cleaned_data["caller_authority"]) if self._counts() else None

    def clean_caller_authorities(self) -> str:
        """Take certificates of authorities only."""
        return clean_pasted(self.cleaned_data["caller_authorities"]) if self._counts() else ""

    def clean(self) -> dict[str, Any]:
        """Check what belongs together."""
        if not self._counts():
            for name in _REQUIRED_ONLY:
                self.errors.pop(name, None)
        elif not self.errors:
            self._check_rule()
        return self.cleaned_data

    def chosen(self) -> ApiCallers:
        """Return what was chosen, once the form is valid."""
        cleaned = self.cleaned_data
        counts = {name: cleaned[name] for name in _REQUIRED_ONLY} if self._counts() else {}
        if counts.get("caller_authorities"):
            counts["caller_authority"] = None  # what was pasted counts
        elif entry := counts.get("caller_authority"):
            counts["caller_authorities"] = entry.current.pem
        return ApiCallers(hosts=cleaned["hosts"], caller_certificate=CallerCertificate(cleaned["caller_certificate"]), **counts)

    def _counts(self) -> bool:
        return self.cleaned_data.get("caller_certificate") == CallerCertificate.REQUIRED

    def _check_rule(self) -> None:
        cleaned = self.cleaned_data
        if cleaned["caller_authorities"] or cleaned["caller_authority"]:
            return
        if not cleaned["caller_identities"]:
            self.add_error("caller_authorities", _("Name the authorities or, below, the thumbprints of the certificates that are let in."))
        elif any(identity_of(text).name for text in cleaned["caller_identities"]):
            words = _("A name in a certificate says nothing unless an authority has issued it: name the authorities.")
            self.add_error("caller_authorities", words)
