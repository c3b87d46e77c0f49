"""The forms of an API's Settings and Operations tabs. They check and translate; actions decide and store."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apis import url_template
from apis.actions import ApiSettings, Lead
from apis.backends.models import BackEnd
from apis.backends.picking import BACK_ENDS, chooses_back_end, chosen_back_end
from apis.models import Api, Operation, Subscription, valid_path
from apis.named_values.settings import Unusable, address_of, as_written
from apis.named_values.values import KeptValues
from apis.naming import RESERVED_NAMES, free_name
from apis.policies.rewriting import refuse_missing
from apis.policies.words import in_words
from apis.policy import UnreadablePolicy, sections_in
from apis.service_url import is_plain_http
from certificates.models import NAME_MAX_LENGTH, valid_name
from portal.numbers import WholeNumberField
from portal.validators import no_private_key, plain_name

NAME_TAKEN = {
    Api: _("Another API already has this name."),
    Operation: _("Another operation of this API already has this name."),
    Subscription: _("Another subscription already has this name."),
}
TAKEN = {
    "path": _("Another API already has this URL suffix."),
    "url_template": _("Another operation of this API already matches the same calls."),
}
NOT_OVER_HTTP = _("A client certificate can only be presented over https; the Web service URL begins with http://.")
KEY_HEADER_IN_USE = _("HTTP or the gateway itself needs this header; choose another name, for instance X-Api-Key.")
# A path the gateway answers itself.
RESERVED_PATHS = frozenset({"status-0123456789abcdef"})


class NameField(forms.CharField):
    """The name of a new entry; it stands in addresses and never changes."""

    def __init__(self, **kwargs: Any) -> None:
        """Be optional."""
        text = _("Stands in addresses and cannot be changed later. Left empty, it is made from the display name.")
        super().__init__(
            label=_("Name"), required=False, max_length=NAME_MAX_LENGTH, validators=[valid_name, plain_name], help_text=text, **kwargs
        )

    def clean(self, value: Any) -> str:
        """Refuse the words that are addresses of their own."""
        name = str(super().clean(value))
        if name in RESERVED_NAMES:
            raise ValidationError(_("This word cannot be a name."))
        return name


class RevisionField(WholeNumberField):
    """The revision that an editor saw; a client that does not care leaves it out."""

    def __init__(self) -> None:
        """Be hidden and optional."""
        super().__init__(required=False, min_value=0, widget=forms.HiddenInput)


class SettingsForm(forms.Form):
    """The Settings tab of an API."""

    display_name = forms.CharField(label=_("Web API name"), max_length=300, validators=[plain_name, no_private_key])
    service_url = forms.CharField(
        label=_("Web service URL"),
        max_length=2000,
        help_text=_("Where the back end is, for instance https://orders.internal.example.com/v2."),
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocapitalize": "none"}),
    )
    back_end = forms.CharField(
        label=_("Back end"),
        required=False,
        help_text=_("Its own address, or a back end, to which certificate, credentials and checks belong then."),
    )
    path = forms.CharField(
        label=_("Web API URL suffix"),
        max_length=400,
        required=False,
        help_text=_(
            "The path of the API on the gateway, for instance orders. Empty: the root, for what no other API's suffix begins with."
        ),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
    )
    description = forms.CharField(
        label=_("Description"), max_length=4000, required=False, validators=[no_private_key], widget=forms.Textarea(attrs={"rows": 3})
    )
    subscription_required = forms.BooleanField(
        label=_("Subscription required"), required=False, initial=True, help_text=_("Callers need a subscription key.")
    )
    revision = RevisionField()

    def __init__(self, *args: Any, api: Api | None = None, url_needed: bool = True, **kwargs: Any) -> None:
        """Edit *api*, or a new one.

        :param url_needed: whether the Web service URL must be there, unless *api* has none yet
        """
        super().__init__(*args, **kwargs)
        self.api = api
        if url_needed:  # people choose
            self.fields["back_end"].widget = chooses_back_end()
        elsewhere = bool(self.data.get("back_end"))
        self.fields["service_url"].required = url_needed and not elsewhere and not (api and not api.own_address)
        if api:
            self.initial = {name: getattr(api, name) for name in self.fields}
            self.initial["service_url"] = api.written_address
            self.initial["back_end"] = BACK_ENDS.shown(api.back_end, self.fields["back_end"].widget) if api.back_end else ""

    def clean_service_url(self) -> str:
        """Take only what the gateway may call, in its normal form; what names values, as it is written."""
        text = str(self.cleaned_data["service_url"])
        if not text:
            return ""
        try:
            url = address_of(text)
        except Unusable as refusal:
            raise ValidationError([sentence for _field, sentence in refusal.faults]) from refusal
        if self._presents_to_it() and is_plain_http(url.text):
            raise ValidationError(_("This API presents a client certificate, which is only possible over https."))
        return as_written(text) or url.text

    def _presents_to_it(self) -> bool:
        """Tell whether a certificate is presented to the API's own address."""
        return bool(self.api and self.api.own_url is None and self.api.certificate)

    def clean_back_end(self) -> BackEnd | None:
        """Take a back end that is there."""
        return chosen_back_end(self.cleaned_data["back_end"])

    def clean_path(self) -> str:
        """Take slashes away from the ends; refuse what another API has."""
        typed = str(self.cleaned_data["path"])
        path = typed.strip("/")
        if typed not in {"", "/"}:
            valid_path(path)
        if path.partition("/")[0] in RESERVED_PATHS:
            raise ValidationError(_("The gateway answers this path itself."))
        rivals = Api.objects.exclude(pk=self.api.pk) if self.api else Api.objects.all()
        if rivals.filter(path=path).exists():
            raise ValidationError(TAKEN["path"])
        return path

    def chosen(self) -> ApiSettings:
        """Return what was chosen, once the form is valid."""
        left_out = {"name", "revision", "back_end"}
        chosen = {name: value for name, value in self.cleaned_data.items() if name not in left_out}
        return ApiSettings(**chosen, leads_to=self._leads_to())

    def _leads_to(self) -> Lead | None:
        """Return where calls shall go; ``None``: as it is, also where the API's policy has said it, or the client says nothing of it."""
        chosen, before = self.cleaned_data["back_end"], self.api.back_end if self.api else None
        if "back_end" not in self.data or chosen == before:
            return None
        return Lead(back_end=chosen)


class NewApiForm(SettingsForm):
    """What a new API needs."""

    name = NameField()
    field_order = ("display_name", "name", "back_end", "service_url", "path", "description", "subscription_required")

    def clean_name(self) -> str:
        """Refuse a name that is taken."""
        name = str(self.cleaned_data["name"])
        if name and Api.objects.filter(name=name).exists():
            raise ValidationError(NAME_TAKEN[Api])
        return name

    def name_to_give(self) -> str:
        """Return the name that was typed, or one made from the display name."""
        return self.cleaned_data["name"] or free_name(Api.objects.all(), self.cleaned_data["display_name"], fallback="api")


class OperationForm(forms.Form):
    """One operation: the calls that the gateway lets through."""

    display_name = forms.CharField(
        label=_("Display name"),
        max_length=300,
        required=False,
        validators=[plain_name, no_private_key],
        help_text=_("Left empty, it is the verb and the template."),
    )
    method = forms.CharField(
        label=_("HTTP verb"),
        max_length=url_template.MAX_METHOD,
        help_text=_("GET, POST … or * for any."),
        widget=forms.TextInput(attrs={"list": "methods", "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    url_template = forms.CharField(
        label=_("URL template"),
        max_length=url_template.MAX_TEMPLATE,
        required=False,  # empty is the root
        help_text=_(
            "/orders/{id} has a parameter, /orders/* stands for whatever follows, /orders?q={q} needs that query parameter."
            " The more specific template wins."
        ),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
    )
    description = forms.CharField(
        label=_("Description"), max_length=1000, required=False, validators=[no_private_key], widget=forms.Textarea(attrs={"rows": 3})
    )

    METHODS = ("*", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

    def __init__(self, *args: Any, operation: Operation | None = None, policy: str | None = None, **kwargs: Any) -> None:
        """Edit *operation*, or a new one, with the document *policy*; ``None``: with the one that it has."""
        super().__init__(*args, **kwargs)
        self.operation = operation
        self.policy = operation.document if operation and policy is None else policy or ""
        if operation:
            self.initial = {name: getattr(operation, name) for name in self.fields}

    def clean_method(self) -> str:
        """Take one verb, in upper case."""
        try:
            return url_template.check_method(self.cleaned_data["method"])
        except url_template.BadTemplate as refusal:
            raise ValidationError([str(fault) for fault in refusal.faults]) from refusal

    def clean_url_template(self) -> str:
        """Take a template in its normal form."""
        try:
            template = url_template.check_template(self.cleaned_data["url_template"])
        except url_template.BadTemplate as refusal:
            raise ValidationError([str(fault) for fault in refusal.faults]) from refusal
        try:
            refuse_missing(sections_in(self.policy), template, KeptValues())
        except UnreadablePolicy as refusal:
            raise ValidationError(in_words(refusal.reason)) from refusal
        return template

    def clean(self) -> dict[str, Any]:
        """Name a nameless operation by its signature."""
        cleaned = self.cleaned_data
        if not cleaned.get("display_name") and {"method", "url_template"} <= cleaned.keys():
            cleaned["display_name"] = f"{cleaned['method']} {cleaned['url_template']}"
        return cleaned


class EditOperationForm(OperationForm):
    """An operation that is there already, which somebody else may be editing too."""

    revision = RevisionField()
