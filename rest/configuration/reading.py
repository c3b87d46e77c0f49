"""What the kinds of entries have in common when they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from apis.naming import RESERVED_NAMES
from certificates.models import RESERVED_NAMES as CERTIFICATE_NAMES
from certificates.models import valid_name
from portal.characters import first_deceiving
from portal.validators import UNSEEN
from rest.bodies import Properties
from rest.configuration.document import Document
from rest.envelope import Fault, Invalid

_RESERVED = RESERVED_NAMES | CERTIFICATE_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who imports, when, from where; and where the changes are noted."""

    folder: Path
    by: User | None
    now: datetime
    changes: list[str]
    notes: list[str]
    delete: bool

    @property
    def stamp(self) -> dict[str, Any]:
        """The arguments that every action takes."""
        return {"by": self.by, "now": self.now}

    def file(self, name: str, place: str) -> bytes:
        """Return the content of a file that an entry names, relative to the configuration's folder.

        :raises Invalid: if it cannot be read
        """
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise Invalid(Fault(place, _("%(file)s cannot be read: %(reason)s.") % {"file": name, "reason": error.strerror})) from error

    def password(self, entry: Document, place: str) -> str:
        """Return the password in the file that an entry names as ``password_file``, without the line's end; empty without one."""
        if not entry.get("password_file"):
            return ""
        return self.file(str(entry["password_file"]), f"{place}password_file").decode("utf-8", "surrogateescape").rstrip("\r\n")


def entries_of(entries: Any, section: str) -> Iterator[tuple[str, Document]]:
    """Yield the place (for faults) and the values of each entry of a list; nothing if there is none.

    :raises Invalid: if it is no list of objects with names
    """
    if entries is not None and not isinstance(entries, list):
        raise Invalid(Fault(section, _("This must be a list.")))
    for number, entry in enumerate(entries or [], start=1):
        if not isinstance(entry, dict):
            raise Invalid(Fault(f"{section}.{number}", _("This must be an object.")))
        sent = Properties(entry, within=f"{section}.{number}.")
        sent.text("name", needed=True)
        sent.check()
        yield f"{section}.{entry['name']}.", entry


def merged(before: Document | None, entry: Document, place: str) -> Document:
    """Return *entry* with what it does not mention as it was *before*; objects within are merged alike.

    :raises Invalid: for a new entry whose name cannot be
    """
    name = str(entry.get("name", ""))
    if before is None and name in _RESERVED:
        raise Invalid(Fault(f"{place}name", _("This word cannot be a name.")))
    if before is None and not valid_name.regex.match(name):  # type: ignore[union-attr]  # compiled when first used
        raise Invalid(Fault(f"{place}name", str(valid_name.message)))
    if before is None and (character := first_deceiving(name)):
        raise Invalid(Fault(f"{place}name", UNSEEN % {"character": character}))
    result = dict(before or {})
    for key, value in entry.items():
        was = result.get(key)
        result[key] = {**was, **value} if isinstance(was, dict) and isinstance(value, dict) else value
    return result


def refuse_unknown(entry: Document, known: tuple[str, ...], place: str) -> Properties:
    """Return the properties of an entry, having noted those that nobody knows: a typing mistake would go unnoticed otherwise."""
    sent = Properties(entry, within=place)
    for name in sorted(set(map(str, entry)) - set(known)):
        sent.refuse(name, _("This is not known."))
    return sent


def refuse_other_kinds(sent: Properties, usual: Document) -> None:
    """Note what is neither true nor false, or no list, where *usual* has such a value: a form takes whatever stands there for a tick."""
    for name in usual.keys() & sent.values.keys():
        if isinstance(usual[name], bool) and not isinstance(sent.values[name], bool):
            sent.refuse(name, _("This must be true or false."))
        elif isinstance(usual[name], list):
            sent.texts(name)
