"""The form of the Test tab: one call, put together from an operation."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apis.connection import usable_subscriptions
from apis.models import Api, Operation, Subscription
from apis.url_template import ANY_METHOD, filled, has_rest, parameters_of

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)\Z")
_QUERY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*\Z")
_SET_BY_THE_CALL = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"})
_PREFIX = "parameter-"
_MAX_OFFERED = 100


class ConsoleForm(forms.Form):
    """Parameters, headers and body of one call to *operation*."""

    operation = forms.CharField(widget=forms.HiddenInput)
    method = forms.ChoiceField(label=_("HTTP verb"), choices=[(one, one) for one in _METHODS])
    rest = forms.CharField(
        label=_("Rest of the path"), required=False, max_length=2000, help_text=_("What stands in place of the asterisk.")
    )
    query = forms.CharField(label=_("Query"), required=False, max_length=4000, help_text=_("For instance page=2&size=10."))
    subscription = forms.ChoiceField(label=_("Subscription"), required=False, help_text=_("Its primary key is sent; it is not shown."))
    headers = forms.CharField(
        label=_("Headers"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text=_("One per line, for instance Accept: application/json."),
    )
    body = forms.CharField(
        label=_("Body"),
        required=False,
        strip=False,
        max_length=1_000_000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "mono", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, api: Api, operation: Operation, **kwargs: Any) -> None:
        """Ask for what *operation* needs."""
        super().__init__(*args, **kwargs)
        self.target = operation
        self.api = api
        if operation.method != ANY_METHOD:
            del self.fields["method"]
        if not has_rest(operation.url_template):
            del self.fields["rest"]
        names = parameters_of(operation.url_template)
        for name in names:
            self.fields[_PREFIX + name] = forms.CharField(label=name, max_length=500, strip=False)
        self.order_fields(["operation", "method", *(_PREFIX + name for name in names), "rest", "query"])
        offered = usable_subscriptions(api)[:_MAX_OFFERED]
        self.subscriptions: dict[str, Subscription] = {one.name: one for one in offered}
        self.initial = {"operation": operation.name}
        if api.subscription_required:
            self.initial["subscription"] = next(iter(self.subscriptions), "")
        choices = [*((name, one.display_name) for name, one in self.subscriptions.items()), ("", _("None"))]
        field = self.fields["subscription"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = choices

    def clean_query(self) -> str:
        """Take a query as it goes over the wire."""
        query = str(self.cleaned_data["query"]).removeprefix("?")
        if not _QUERY.match(query):
            raise ValidationError(_("Some characters must be percent-encoded, such as %20 for a space."))
        return query

    def clean_headers(self) -> dict[str, str]:
        """Take one header a line."""
        headers = {}
        for line in str(self.cleaned_data["headers"]).splitlines():
            if not line.strip():
                continue
            match = _HEADER.match(line.strip())
            if match is None:
                raise ValidationError(_("This is not a header: %(line)s") % {"line": line[:100]})
            if match[1].lower() in _SET_BY_THE_CALL:
                raise ValidationError(_("The header %(name)s follows from the call and is not set here.") % {"name": match[1]})
            headers[match[1]] = match[2]
        return headers

    def method_to_send(self) -> str:
        """Return the verb of the call."""
        return str(self.cleaned_data.get("method") or self.target.method)

    def path_to_call(self) -> str:
        """Return path and query of the call, the parameters percent-encoded."""
        values = {name: self.cleaned_data[_PREFIX + name] for name in parameters_of(self.target.url_template)}
        rest = quote(self.cleaned_data.get("rest", "").lstrip("/"), safe="/%:@!$&'()*+,;=~")
        path, query = filled(self.target.url_template, values, rest=rest)
        query = "&".join(part for part in (query, self.cleaned_data["query"]) if part)
        return self.api.gateway_path + path + (f"?{query}" if query else "")
