"""What a kind of entries says of itself to be exported and imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils.functional import Promise

from certificates.models import folded
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.secrets.keeping import Keeper
from rest.configuration.shape.making import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What all entries are to be, by section and by what tells them apart.

    :ivar wanted: those that a file mentions and that differ, with what it does not mention as it was
    :ivar before: all that are there
    :ivar goes: those that will be deleted
    """

    wanted: dict[str, dict[str, Document]]
    before: dict[str, dict[str, Document]]
    goes: dict[str, set[str]]

    def leaves(self, section: str, key: str, field: str, value: Any) -> bool:
        """Return whether the entry *key* will no longer have this *value* in a *field* of its."""
        return key in self.goes[section] or (key in self.wanted[section] and self.wanted[section][key].get(field) != value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A list of entries that are known by their names.

    :ivar label: what one of them is called
    :ivar shape: of an entry
    :ivar rows: all that are exported, by name, with what :attr:`show` looks at
    :ivar show: returns a row as a file has it
    :ivar apply: brings an entry to what is wanted, given what it was before and the place for faults
    :ivar delete: deletes a row
    :ivar make_way: takes out of each other's way what exchanges names, paths, keys or contents, before anything is brought about
    :ivar complete: does what can be done only once all entries are there, given what the file says
    :ivar blank: the parts of an entry as they are when nothing was said of them
    :ivar labels: what people call the fields
    :ivar touches: returns the names of the APIs whose calls an entry of this name touches, given all APIs as a file has them
    :ivar goes_first: whether what is deleted goes before others are brought about
    :ivar order: by which entries of a file are brought about, the least first
    :ivar folds: whether names that differ in case are one name
    """

    name: str
    label: str | Promise
    shape: Callable[[], Shape]
    rows: Callable[[], Any]
    show: Callable[[Any, Keeper], Document]
    apply: Callable[[Context, Document, Document | None, str], None]
    delete: Callable[[Any, User | None, datetime], None]
    make_way: Callable[[Context, Target], None] | None = None
    complete: Callable[[Context, Document, str], None] | None = None
    blank: Callable[[], Document] = dict
    labels: Callable[[], dict[str, str | Promise]] = field(default=dict)
    touches: Callable[[str, list[Document]], list[str]] = lambda _name, _apis: []
    goes_first: bool = False
    folds: bool = False
    order: Callable[[Document], Any] = lambda _entry: 0

    def key(self, entry: Document) -> str:
        """Return what tells entries apart."""
        name = str(entry["name"])
        return folded(name) if self.folds else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """An object of which there is one, for the whole portal."""

    name: str
    label: str | Promise
    shape: Callable[[], Shape]
    show: Callable[[], Document]
    apply: Callable[[Context, Document, str], None]
    labels: Callable[[], dict[str, str | Promise]] = field(default=dict)
