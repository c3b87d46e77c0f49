"""Lists: what is searched for, sorted and paged; the address holds all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Lower
from django.utils.functional import Promise

from portal.http import PortalRequest

PAGE_SIZE = 25
_LONGEST_SEARCH = 200  # characters

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a list that can be sorted by it."""

    key: str  # what ``sort`` holds; with a leading minus: downwards
    label: Promise
    field: str
    any_case: bool = False  # sorted regardless of case, which no index helps with


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column's heading: its label and where it leads."""

    label: Promise
    sort: str  # what a click sorts by
    direction: str  # "ascending", "descending" or "": what the list is sorted by now


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a list."""

    page: Page[Any]
    headings: list[Heading]
    q: str
    sort: str


def words_of(text: str) -> str:
    """Return what an address asks for as it is looked for: single blanks, no NUL (which PostgreSQL does not take), not too long."""
    return " ".join(text.replace("\0", "").split())[:_LONGEST_SEARCH]


def holding(*fields: str) -> Callable[[str], Q]:
    """Return the search for rows of which one of *fields* holds the words."""

    def search(words: str) -> Q:
        condition = Q()
        for field in fields:
            condition |= Q(**{f"{field}__icontains": words})
        return condition

    return search


def listing(request: PortalRequest, rows: QuerySet[Row], columns: Sequence[Column], *, search: Callable[[str], Q]) -> Listing:
    """Return the page of *rows* that the address asks for by ``q``, ``sort`` and ``page``; what makes no sense is ignored.

    :param columns: what may be sorted by; the first is the default
    :param search: gives the condition for the words of ``q``
    """
    if q := words_of(request.GET.get("q", "")):
        rows = rows.filter(search(q))
    sort = request.GET.get("sort", "")
    column = next((column for column in columns if column.key == sort.removeprefix("-")), None)
    if column is None:
        column, sort = columns[0], columns[0].key
    rows = rows.order_by(_order(column, downwards=sort.startswith("-")), "name")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return Listing(page=page, headings=[_heading(one, sort) for one in columns], q=q, sort=sort)


def _order(column: Column, *, downwards: bool) -> OrderBy:
    field = Lower(column.field) if column.any_case else F(column.field)
    return field.desc() if downwards else field.asc()


def _heading(column: Column, sort: str) -> Heading:
    if column.key != sort.removeprefix("-"):
        return Heading(label=column.label, sort=column.key, direction="")
    if sort.startswith("-"):
        return Heading(label=column.label, sort=column.key, direction="descending")
    return Heading(label=column.label, sort=f"-{column.key}", direction="ascending")
