"""Choosing one of many: a drop-down while there are few entries, a combobox when there are too many for one.

Either way what is typed counts, too: forms, scripts and people without JavaScript say an entry by whatever they know of it. Where that
fits several, the form comes back with a drop-down of just these: the step of searching, without a script.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apis.models import Api
from certificates.authorities.forms import NO_SUCH_AUTHORITY
from certificates.authorities.models import Authority
from certificates.authorities.models import holding_words as holding_words_of_authorities
from certificates.models import ClientCertificate, folded, holding_words
from portal.listing import words_of

FEW = 200
SUGGESTIONS = 50
ALL_APIS = "all-apis"
API_PREFIX = "api:"
_OFFERED = 200  # of those that what was typed fits
_FOUR = 4  # of a thumbprint: what people tell certificates apart by
_CHOSEN = re.compile(r" — [0-9A-F]{4}\Z| – /[^ ]*\Z")  # how the labels below end

Options = list[tuple[str, str]]
T = TypeVar("T", bound=Model)


class Combobox(forms.TextInput):
    """A text field with a list from which the server's suggestions are chosen while one types (ARIA Authoring Practices, combobox)."""

    template_name = "apis/combobox.html"

    def __init__(self, *, url: str, placeholder: str) -> None:
        """Ask *url* for suggestions."""
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": placeholder})
        self.url = url

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Add what the template needs."""
        context = super().get_context(name, value, attrs)
        context["widget"]["url"] = self.url
        return context


class Several(ValidationError):
    """What was typed fits several.

    :ivar options: value and label of those, as many as a drop-down holds
    """

    def __init__(self, options: Options) -> None:
        """Hold the options."""
        words = ngettext("%d fits what was typed. Choose it.", "%d fit what was typed. Choose one of them.", len(options))
        super().__init__(words % len(options))
        self.options = options


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker(Generic[T]):
    """Rows of one kind that a field chooses among.

    :ivar rows: all there are
    :ivar listed: what stands in the drop-down
    :ivar matching: what is meant by what is typed
    :ivar option_of: value and label of a row
    """

    rows: Callable[[], QuerySet[T]]
    listed: Callable[[], Options]
    matching: Callable[[str], list[T]]
    option_of: Callable[[T], tuple[str, str]]

    def widget(self, *, empty: tuple[str, str] | None, url: str, placeholder: str) -> forms.Widget:
        """Return a drop-down, or a combobox where there are too many rows for one."""
        keys = self.rows().order_by().values_list("pk", flat=True)[: FEW + 1]  # without putting ten thousand in their order
        if len(keys) > FEW:
            return Combobox(url=url, placeholder=placeholder)
        return forms.Select(choices=[*([empty] if empty else []), *(self.listed() if keys else [])])

    def shown(self, row: T, widget: forms.Widget) -> str:
        """Return what stands in the field while *row* is chosen."""
        value, label = self.option_of(row)
        return label if isinstance(widget, Combobox) else value

    def chosen(self, typed: str, *, otherwise: Any) -> T:
        """Return the row that *typed* means.

        :param otherwise: the sentence for what is not there
        :raises Several: if it fits several
        :raises ValidationError: if it fits none
        """
        found = self.matching(words_of(typed))
        if not found:
            raise ValidationError(otherwise)
        if len(found) > 1:
            raise Several([self.option_of(row) for row in found])
        return found[0]


def offer_matches(form: forms.Form, field: str, *, empty: str) -> None:
    """Give *field* a drop-down of those that what was typed fits, if that were several."""
    for error in form.errors.as_data().get(field, []):
        if isinstance(error, Several):
            form.fields[field].widget = forms.Select(choices=[("", empty), *error.options])
            data = QueryDict(mutable=True)
            data.update(form.data)
            data[form.add_prefix(field)] = ""  # nothing is chosen yet
            form.data = data


def looked_for(typed: str) -> str:
    """Return what to suggest by: what was typed; nothing, where that was chosen from the list and another is looked for."""
    words = words_of(typed)
    return "" if _CHOSEN.search(words) else words


def certificate_options(search: str = "", *, limit: int = FEW + 1) -> Options:
    """Return name and label (subject, or what stands for it, and last four characters of the thumbprint) of the entries *search* finds."""
    entries = _entries().filter(holding_words(search)) if search else _entries()
    return [_certificate_option(entry) for entry in entries.order_by("current__label", "name")[:limit]]


def certificates_meant(typed: str) -> list[ClientCertificate]:
    """Return the entries that *typed* may mean: by the name; else by subject and last four, as the list shows them; else by what it holds.

    The surest reading that fits any entry counts: who types an entry's name means that one, whatever else holds the word.
    """
    digits = re.sub(r"[\s:-]", "", typed).upper()
    label, _dash, four = typed.rpartition(" — ")
    readings = [
        Q(folded_name=folded(typed)),
        Q(current__label__iexact=label, current__thumbprint__endswith=four.upper()) if len(four) == _FOUR else Q(pk__in=()),
        Q(current__thumbprint=digits) | Q(current__thumbprint_sha256=digits),
        Q(current__thumbprint__endswith=digits) if re.fullmatch(r"[0-9A-F]{4}", digits) else Q(pk__in=()),
        Q(current__label__iexact=typed),
        holding_words(typed),
    ]
    return first_that_fits(_entries().order_by("current__label", "name"), readings) if typed else []


def authority_options(search: str = "", *, limit: int = FEW + 1) -> Options:
    """Return name and label (name and subject of the first certificate) of the trusted authorities that *search* finds."""
    entries = _authorities().filter(holding_words_of_authorities(search)) if search else _authorities()
    return [_authority_option(entry) for entry in entries.order_by("name")[:limit]]


def authorities_meant(typed: str) -> list[Authority]:
    """Return the trusted authorities that *typed* may mean: by the name; else as the list shows them; else by what they hold."""
    name = typed.partition(" — ")[0]
    readings = [Q(folded_name=folded(typed)), Q(folded_name=folded(name)), holding_words_of_authorities(typed)]
    return first_that_fits(_authorities().order_by("name"), readings) if typed else []


def scope_options(search: str = "", *, limit: int = FEW + 1) -> Options:
    """Return value and label of what a subscription can be to, as far as *search* finds it."""
    apis = Api.objects.order_by("display_name", "name").only("name", "display_name", "path")
    if search:
        apis = apis.filter(_holding(search.removeprefix(API_PREFIX)))
    return [(ALL_APIS, _("All APIs")), *(_scope_option(api) for api in apis[:limit])]


def apis_meant(typed: str) -> list[Api]:
    """Return the APIs that *typed* may mean: by ``api:`` and the name; else as the list shows them; else by what name or path hold."""
    bare = typed.removeprefix(API_PREFIX)
    label, _dash, path = typed.rpartition(" – /")
    readings = [Q(name=bare)]
    if bare == typed:
        readings += [Q(display_name__iexact=label, path=path), Q(display_name__iexact=typed) | Q(path=typed.strip("/")), _holding(typed)]
    return first_that_fits(Api.objects.order_by("display_name", "name"), readings) if bare else []


def first_that_fits(rows: QuerySet[T], readings: Sequence[Q]) -> list[T]:
    """Return the rows that the first of *readings* fits which fits any."""
    for reading in readings:
        if found := list(rows.filter(reading)[:_OFFERED]):
            return found
    return []


def _entries() -> QuerySet[ClientCertificate]:
    return ClientCertificate.objects.filter(current__isnull=False).with_current()


def _authorities() -> QuerySet[Authority]:
    return Authority.objects.filter(current__isnull=False).select_related("current")


def _authority_option(entry: Authority) -> tuple[str, str]:
    assert entry.current is not None  # noqa: S101 - asked for
    return entry.name, f"{entry.name} — {entry.current.label}"


def _holding(words: str) -> Q:
    return Q(name__icontains=words) | Q(display_name__icontains=words) | Q(path__icontains=words)


def _certificate_option(entry: ClientCertificate) -> tuple[str, str]:
    assert entry.current is not None  # noqa: S101 - asked for
    return entry.name, f"{entry.current.label} — {entry.current.last_four}"


def _scope_option(api: Api) -> tuple[str, str]:
    return f"{API_PREFIX}{api.name}", f"{api.display_name} – /{api.path}"


CERTIFICATES = Picker(rows=_entries, listed=certificate_options, matching=certificates_meant, option_of=_certificate_option)
AUTHORITIES = Picker(rows=_authorities, listed=authority_options, matching=authorities_meant, option_of=_authority_option)
SCOPES = Picker(rows=Api.objects.all, listed=scope_options, matching=apis_meant, option_of=_scope_option)


def chooses_authority(empty: str) -> forms.Widget:
    """Return the drop-down of trusted authorities; a combobox where it would be too long.

    :param empty: what it means to choose none
    """
    url, placeholder = reverse("apis:authority_suggestions"), str(_("Name, subject or thumbprint"))
    return AUTHORITIES.widget(empty=("", empty), url=url, placeholder=placeholder)


def chosen_authority(typed: str) -> Authority | None:
    """Return the trusted authority that a form's field names; ``None``: none.

    :raises ValidationError: if there is none that it may mean, or there are several
    """
    return AUTHORITIES.chosen(typed, otherwise=NO_SUCH_AUTHORITY) if typed else None
