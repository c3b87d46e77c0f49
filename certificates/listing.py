"""The list of certificates as an address asks for it: what is searched, how it is sorted, which page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from django.core.paginator import Page, Paginator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from certificates.models import ClientCertificate

PAGE_SIZE = 25
_LONGEST_SEARCH = 200  # characters
_DEFAULT_SORT = "name"
_COLUMNS: dict[str, tuple[str, Promise]] = {
    "name": ("name", _("Name")),
    "subject": ("current__subject", _("Subject")),
    "thumbprint": ("current__thumbprint", _("Thumbprint")),
    "issuer": ("current__issuer", _("Issuer")),
    "expires": ("current__not_after", _("Expires")),
    "used": ("used_by", _("In use by")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The head of a column."""

    label: Promise
    sort: str  # what sorting by it is called in the address; a second time, the other way round
    direction: str  # "ascending", "descending", or empty if the list is sorted by another


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of the list."""

    words: str
    sort: str
    page: Page[ClientCertificate]

    @classmethod
    def asked_for(cls, asked: Mapping[str, str]) -> Self:
        """Return the page that *asked* (``q``, ``sort``, ``page``) names; what makes no sense counts as not asked."""
        words = asked.get("q", "")[:_LONGEST_SEARCH].strip()
        sort = asked.get("sort", "")
        if sort.removeprefix("-") not in _COLUMNS:
            sort = _DEFAULT_SORT
        found = ClientCertificate.objects.matching(words) if words else ClientCertificate.objects.all()
        column = _COLUMNS[sort.removeprefix("-")][0]
        order = f"-{column}" if sort.startswith("-") else column
        rows = found.with_use().order_by(order, "name")
        return cls(words=words, sort=sort, page=Paginator(rows, PAGE_SIZE).get_page(asked.get("page")))

    @property
    def columns(self) -> dict[str, Column]:
        """The heads of the columns, by name."""
        return {name: self._column(name, label) for name, (_field, label) in _COLUMNS.items()}

    @property
    def other_columns(self) -> list[Column]:
        """The heads after name and subject, which share a column."""
        return [column for name, column in self.columns.items() if name not in {"name", "subject"}]

    def _column(self, name: str, label: Promise) -> Column:
        if self.sort == name:
            return Column(label=label, sort=f"-{name}", direction="ascending")
        return Column(label=label, sort=name, direction="descending" if self.sort == f"-{name}" else "")
