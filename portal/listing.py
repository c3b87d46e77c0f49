"""Lists: what is searched for, sorted and paged; the address holds all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils.functional import Promise

from portal.columns import Choice, choices
from portal.http import PortalRequest

PAGE_SIZE = 25
PAGE_SIZES = (PAGE_SIZE, 50, 100)
ALL, THIS_PAGE = "all", "page"
LONGEST_SEARCH = 200  # characters

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a list that can be sorted by it."""

    key: str  # what ``sort`` holds; with a leading minus: downwards
    label: Promise
    field: str
    any_case: bool = False  # sorted regardless of case, which no index helps with
    may_hide: bool = True
    room: str = ""  # "wide" or "widest": left out where there is less


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column's heading: its key and label, and where it leads."""

    key: str
    label: Promise
    sort: str  # what a click sorts by
    direction: str  # "ascending", "descending" or "": what the list is sorted by now
    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One state by which a list can be narrowed.

    :ivar condition: which rows are in it; asked for each time, for it may depend on the clock
    :ivar known: how many rows of the whole list are in it, if that is known without counting
    :ivar tone: ``bad``, ``warn`` or empty: how it is coloured while there are any
    """

    key: str  # what ``show`` holds
    label: Promise
    condition: Callable[[], Q]
    known: int | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChip:
    """A chip with the number of its rows."""

    key: str
    label: Promise
    number: int
    tone: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a list.

    :ivar total: how many rows there are before a chip narrows them
    :ivar size: how many rows a page has
    :ivar chosen: which of them begin ticked: ``page``, ``all`` (those of the other pages, too) or none
    :ivar name: what the list is called where people keep its columns
    :ivar choices: the columns that may be left out
    """

    page: Page[Any]
    headings: list[Heading]
    q: str
    sort: str
    chips: tuple[ShownChip, ...] = ()
    show: str = ""
    total: int = 0
    size: int = PAGE_SIZE
    sizes: tuple[int, ...] = PAGE_SIZES
    chosen: str = ""
    name: str = ""
    choices: tuple[Choice, ...] = ()

    @property
    def hidden(self) -> frozenset[str]:
        """The keys of the columns that the reader does not see."""
        return frozenset(choice.key for choice in self.choices if not choice.shown)

    @property
    def narrowed(self) -> bool:
        """Whether rows may be left out."""
        return bool(self.q or self.show)


class PagesByKey(Paginator):  # type: ignore[type-arg]  # Django's own takes no parameter when it runs
    """Pages whose rows are chosen by their keys alone: what they show, and is counted for each, is fetched for those of one page.

    What is near the end is found from there.
    """

    def __init__(self, rows: QuerySet[Any], size: int, *, counted: int | None = None) -> None:
        """Divide *rows* into pages of a *size*.

        :param rows: in an order that leaves nothing to chance
        :param counted: how many they are, if that is known
        """
        super().__init__(rows, size)
        self._rows = rows
        if counted is not None:
            self.__dict__["count"] = counted  # which Django would ask for and keep here

    def page(self, number: int | str) -> Page[Any]:
        """Return one page.

        :raises django.core.paginator.InvalidPage: if there is none of this *number*
        """
        found = super().page(number)
        first, end = max(found.start_index() - 1, 0), found.end_index()
        near_end = self.count - first < first
        chosen = self._rows.reverse()[self.count - end : self.count - first] if near_end else self._rows[first:end]
        found.object_list = self._rows.filter(pk__in=chosen.values("pk")) if self.count else self._rows.none()
        return found


def words_of(text: str) -> str:
    """Return what an address asks for as it is looked for: single blanks, no NUL (which PostgreSQL does not take), not too long."""
    return " ".join(text.replace("\0", "").split())[:LONGEST_SEARCH]


def holding(*fields: str) -> Callable[[str], Q]:
    """Return the search for rows of which one of *fields* holds the words."""

    def search(words: str) -> Q:
        condition = Q()
        for field in fields:
            condition |= Q(**{f"{field}__icontains": words})
        return condition

    return search


def narrowed(rows: QuerySet[Row], asked: QueryDict, *, search: Callable[[str], Q], chips: Sequence[Chip] = ()) -> QuerySet[Row]:
    """Return those of *rows* that an address asks for by ``q`` and ``show``."""
    if q := words_of(asked.get("q", "")):
        rows = rows.filter(search(q))
    chip = _chip(asked, chips)
    return rows.filter(chip.condition()) if chip else rows


def listing(
    request: PortalRequest,
    rows: QuerySet[Row],
    columns: Sequence[Column],
    *,
    search: Callable[[str], Q],
    chips: Sequence[Chip] = (),
) -> Listing:
    """Return the page of *rows* that the address asks for by ``q``, ``show``, ``sort``, ``per`` and ``page``; nonsense is ignored.

    :param columns: what may be sorted by; the first is the default
    :param search: gives the condition for the words of ``q``
    :param chips: the states that ``show`` can name
    """
    q = words_of(request.GET.get("q", ""))
    found = rows.filter(search(q)) if q else rows
    chip = _chip(request.GET, chips)
    numbers = _count(found, chips, whole=not q)
    rows = found.filter(chip.condition()) if chip else found
    sort = request.GET.get("sort", "")
    column = next((column for column in columns if column.key == sort.removeprefix("-")), None)
    if column is None:
        column, sort = columns[0], columns[0].key
    rows = rows.order_by(_order(column, downwards=sort.startswith("-")), "name")
    size = next((size for size in PAGE_SIZES if request.GET.get("per") == str(size)), PAGE_SIZE)
    counted = numbers.get(chip.key if chip else ALL)
    page = PagesByKey(rows, size, counted=counted).get_page(request.GET.get("page"))
    chosen = request.GET.get("chosen", "")
    return Listing(
        page=page,
        headings=[_heading(one, sort) for one in columns],
        q=q,
        sort=sort,
        chips=tuple(_shown(one, numbers[one.key], current=one is chip) for one in chips),
        show=chip.key if chip else "",
        total=numbers.get(ALL, 0),
        size=size,
        chosen=chosen if chosen in {ALL, THIS_PAGE} else "",
    )


def offering(
    shown: Listing, request: PortalRequest, *, name: str, columns: Sequence[Column], unsorted: Sequence[tuple[str, Promise]] = ()
) -> Listing:
    """Return the list, which is called *name*, with its *columns* to be left out, and those of *unsorted* (key, label)."""
    offered = [*((one.key, one.label) for one in columns if one.may_hide), *unsorted]
    return replace(shown, name=name, choices=choices(request, name, offered))


def _chip(asked: QueryDict, chips: Sequence[Chip]) -> Chip | None:
    return next((chip for chip in chips if chip.key == asked.get("show")), None)


def _count(rows: QuerySet[Row], chips: Sequence[Chip], *, whole: bool) -> dict[str, int]:
    """Return how many of *rows* are in each state, and how many there are, by one query.

    :param whole: whether they are all rows of the list
    """
    if not chips:
        return {}
    known = {chip.key: chip.known for chip in chips if whole and chip.known is not None}
    conditions = {chip.key: Count("pk", filter=chip.condition()) for chip in chips if chip.key not in known}
    return known | rows.order_by().aggregate(**{ALL: Count("pk")}, **conditions)


def _shown(chip: Chip, number: int, *, current: bool) -> ShownChip:
    return ShownChip(key=chip.key, label=chip.label, number=number, tone=chip.tone if number else "", current=current)


def _order(column: Column, *, downwards: bool) -> OrderBy:
    field = Lower(column.field) if column.any_case else F(column.field)
    return field.desc() if downwards else field.asc()


def _heading(column: Column, sort: str) -> Heading:
    if column.key != sort.removeprefix("-"):
        return Heading(key=column.key, label=column.label, sort=column.key, direction="", room=column.room)
    if sort.startswith("-"):
        return Heading(key=column.key, label=column.label, sort=column.key, direction="descending", room=column.room)
    return Heading(key=column.key, label=column.label, sort=f"-{column.key}", direction="ascending", room=column.room)
