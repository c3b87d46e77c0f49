"""Choosing one of many: a drop-down while there are few entries, a field with suggestions when there are too many for one.

Either way the value is what stands for the entry (its name), so that forms, scripts and people without JavaScript can type it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _

from apis.models import Api
from certificates.authorities.models import Authority
from certificates.authorities.models import holding_words as holding_words_of_authorities
from certificates.models import ClientCertificate, holding_words

FEW = 200
SUGGESTIONS = 50
ALL_APIS = "all-apis"
API_PREFIX = "api:"

Options = list[tuple[str, str]]


class Suggestions(forms.TextInput):
    """A text field whose suggestions the server chooses while one types."""

    template_name = "apis/suggestions.html"

    def __init__(self, *, url: str, options: Options) -> None:
        """Ask *url* for suggestions; *options* are there from the start."""
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false"})
        self.url = url
        self.options = options

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Add what the template needs."""
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"url": self.url, "options": self.options}
        return context


def picker(options: Options, *, empty: tuple[str, str] | None, url: str) -> forms.Widget:
    """Return the widget for *options*, of which the caller has fetched one more than :data:`FEW`.

    :param empty: the option that chooses nothing
    :param url: where suggestions come from if there are too many
    """
    if len(options) > FEW:
        return Suggestions(url=url, options=options[:SUGGESTIONS])
    return forms.Select(choices=[*([empty] if empty else []), *options])


def certificate_options(search: str = "", *, limit: int = FEW + 1) -> Options:
    """Return name and label (subject, or what stands for it, and last four characters of the thumbprint) of the entries *search* finds."""
    entries = ClientCertificate.objects.filter(current__isnull=False)
    if search:
        entries = entries.filter(holding_words(search))
    rows = entries.order_by("current__label", "name").values_list("name", "current__label", "current__thumbprint")[:limit]
    return [(name, f"{label} — {thumbprint[-4:]}") for name, label, thumbprint in rows]


def authority_options(search: str = "", *, limit: int = FEW + 1) -> Options:
    """Return name and label (name and subject of the first certificate) of the trusted authorities that *search* finds."""
    entries = Authority.objects.filter(current__isnull=False)
    if search:
        entries = entries.filter(holding_words_of_authorities(search))
    rows = entries.order_by("name").values_list("name", "current__label")[:limit]
    return [(name, f"{name} — {label}") for name, label in rows]


def scope_options(search: str = "", *, limit: int = FEW + 1) -> Options:
    """Return value and label of what a subscription can be to, as far as *search* finds it."""
    apis = Api.objects.order_by("display_name", "name")
    if search:
        bare = search.removeprefix(API_PREFIX)
        apis = apis.filter(Q(name__icontains=bare) | Q(display_name__icontains=bare) | Q(path__icontains=bare))
    rows = apis.values_list("name", "display_name", "path")[:limit]
    return [(ALL_APIS, _("All APIs")), *((f"{API_PREFIX}{name}", f"{label} – /{path}") for name, label, path in rows)]
