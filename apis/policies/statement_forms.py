"""Statements for those who do not write XML: a form for each kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.named_values.values import KeptValues
from apis.policies.words import in_words
from apis.policy import UnreadablePolicy
from apis.policy.elements import Element
from apis.policy.references import resolved
from apis.policy.statements import STATEMENTS
from portal.numbers import WholeNumberField

_DASH = re.compile(r"-(?![^{}]*\}\})")  # between addresses, not within the name of a named value
_PLAIN = {"spellcheck": "false", "autocapitalize": "none"}
_EXISTS = (
    ("override", _("Put this in its place")),
    ("skip", _("Leave it as it is")),
    ("append", _("Add this to it")),
    ("delete", _("Take it out, and put nothing there")),
)
_SECTIONS = (("inbound", _("calls to the back end")), ("outbound", _("answers of the back end")))
_CALLERS = (("allow", _("pass, and nobody else")), ("forbid", _("are refused")))


def _lines(**options: Any) -> forms.CharField:
    return forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2, "class": "mono brief", **_PLAIN}), **options)


def _name(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=200, widget=forms.TextInput(attrs=_PLAIN))


def _elements(name: str, text: str) -> list[Element]:
    return [Element(name, text=line.strip()) for line in text.splitlines() if line.strip()]


class StatementForm(forms.Form):
    """A statement of one kind.

    :ivar statement: its element
    :ivar title: what it does, in words
    """

    statement: ClassVar[str]
    title: ClassVar[Promise]
    explained: ClassVar[Promise]

    if TYPE_CHECKING:

        def element(self) -> Element:
            """Return the statement, once the fields are read; each kind says its own."""

    def section(self) -> str:
        """Return the section that it goes to, once the form is valid."""
        return str(self.cleaned_data.get("section") or STATEMENTS[self.statement].sections[0])

    def clean(self) -> dict[str, Any]:
        """Refuse what the statement's own reader refuses, with the named values in it."""
        if not self.errors:
            try:
                STATEMENTS[self.statement].read_in(self.section(), resolved(self.element(), KeptValues()))
            except UnreadablePolicy as refusal:
                raise ValidationError(in_words(refusal.reason)) from refusal
        return self.cleaned_data


class SetQueryParameterForm(StatementForm):
    """A query parameter."""

    statement = "set-query-parameter"
    title, explained = _("Set a query parameter"), _("Calls go on to the back end with it.")

    name = _name(_("Name of the parameter"))
    exists_action = forms.ChoiceField(label=_("Where it is there already"), choices=_EXISTS)
    values = _lines(label=_("Values"), help_text=_("One a line."))

    def element(self) -> Element:
        """Return the statement."""
        chosen = self.cleaned_data
        attributes = {"name": chosen["name"], "exists-action": chosen["exists_action"]}
        return Element(self.statement, attributes, _elements("value", chosen["values"]))


class SetHeaderForm(SetQueryParameterForm):
    """A header of calls or of answers."""

    statement = "set-header"
    title, explained = _("Set a header"), _("Calls go on to the back end with it, or its answers come back with it.")

    name = _name(_("Name of the header"))
    section_of = forms.ChoiceField(label=_("Of"), choices=_SECTIONS)
    field_order = ("section_of", "name", "exists_action", "values")

    def section(self) -> str:
        """Return the section that it goes to, once the form is valid."""
        return str(self.cleaned_data["section_of"])


class CheckHeaderForm(StatementForm):
    """A header that calls must have."""

    statement = "check-header"
    title, explained = _("Demand a header"), _("Calls without it, or with another value, are refused.")

    name = _name(_("Name of the header"))
    values = _lines(label=_("Values that pass"), help_text=_("One a line. None: any value passes."))
    ignore_case = forms.BooleanField(label=_("Upper and lower case are the same"), required=False, initial=True)
    status = WholeNumberField(label=_("Status of the refusal"), min_value=400, max_value=599, initial=401)
    message = forms.CharField(label=_("Sentence of the refusal"), max_length=1000)

    def element(self) -> Element:
        """Return the statement."""
        chosen = self.cleaned_data
        attributes = {
            "name": chosen["name"],
            "failed-check-httpcode": str(chosen["status"]),
            "failed-check-error-message": chosen["message"],
            "ignore-case": str(chosen["ignore_case"]).lower(),
        }
        return Element(self.statement, attributes, _elements("value", chosen["values"]))


class IpFilterForm(StatementForm):
    """Callers by their addresses."""

    statement = "ip-filter"
    title, explained = _("Filter callers by address"), _("By the address that calls come from.")

    action = forms.ChoiceField(label=_("Callers of these addresses"), choices=_CALLERS)
    addresses = forms.CharField(
        label=_("Addresses"),
        help_text=_("One a line: 203.0.113.7, a network as 203.0.113.0/24, or a range as 203.0.113.7 - 203.0.113.20."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono brief", **_PLAIN}),
    )

    def element(self) -> Element:
        """Return the statement."""
        lines = [line.strip() for line in self.cleaned_data["addresses"].splitlines() if line.strip()]
        return Element(self.statement, {"action": self.cleaned_data["action"]}, list(map(self._address, lines)))

    def _address(self, line: str) -> Element:
        first, *last = _DASH.split(line, maxsplit=1)
        return Element("address-range", {"from": first.strip(), "to": last[0].strip()}) if last else Element("address", text=line)


class RewriteUriForm(StatementForm):
    """Another path."""

    statement = "rewrite-uri"
    title, explained = _("Call another path"), _("The back end is called under it, below the Web service URL.")

    template = forms.CharField(
        label=_("Path"),
        max_length=1000,
        help_text=_("For instance /v2/orders/{id}; {id} is a parameter of the operation's URL template. The query stays."),
        widget=forms.TextInput(attrs=_PLAIN),
    )

    def element(self) -> Element:
        """Return the statement."""
        return Element(self.statement, {"template": self.cleaned_data["template"]})


class ReturnResponseForm(StatementForm):
    """An answer in place of the back end's."""

    statement = "return-response"
    title, explained = _("Answer in place of the back end"), _("The back end is not called.")

    status = WholeNumberField(label=_("Status"), min_value=200, max_value=599, initial=200)
    content_type = forms.CharField(
        label=_("Content type"), max_length=200, initial="application/json", widget=forms.TextInput(attrs=_PLAIN)
    )
    body = forms.CharField(
        label=_("Body"), required=False, max_length=32768, widget=forms.Textarea(attrs={"rows": 4, "class": "mono", **_PLAIN})
    )

    def element(self) -> Element:
        """Return the statement."""
        chosen = self.cleaned_data
        content = Element("set-header", {"name": "Content-Type"}, [Element("value", text=chosen["content_type"])])
        body = [content, Element("set-body", text=chosen["body"].strip())] if chosen["body"].strip() else []
        return Element(self.statement, children=[Element("set-status", {"code": str(chosen["status"])}), *body])


STATEMENT_FORMS: dict[str, type[StatementForm]] = {
    form.statement: form
    for form in (SetHeaderForm, SetQueryParameterForm, RewriteUriForm, CheckHeaderForm, IpFilterForm, ReturnResponseForm)
}
