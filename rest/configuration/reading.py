"""What the kinds of entries have in common when they are read."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from django.utils.translation import gettext as _

from certificates.models import valid_name
from portal.characters import first_deceiving
from portal.validators import UNSEEN
from rest.bodies import Properties
from rest.configuration.document import Document
from rest.envelope import Fault, Invalid

_WHOLE = ("documentation", "source")  # what is replaced, not merged


def entries_of(entries: Any, section: str) -> Iterator[tuple[str, Document]]:
    """Yield the place (for faults) and the values of each entry of a list that has its shape; nothing if there is none."""
    for entry in entries or []:
        yield f"{section}.{entry['name']}.", entry


def merged(before: Document | None, entry: Document) -> Document:
    """Return *entry* with what it does not mention as it was *before*; objects within are merged alike."""
    result = dict(before or {})
    for key, value in entry.items():
        was = result.get(key)
        result[key] = {**was, **value} if isinstance(was, dict) and isinstance(value, dict) and key not in _WHOLE else value
    return result


def check_new_name(entry: Document, before: Document | None, place: str, reserved: Container[str] = ()) -> None:
    """Go on only if an entry is there already, or its name can be.

    :param reserved: words that are addresses of pages
    :raises Invalid: if it cannot
    """
    name = str(entry["name"])
    if before is not None:
        return
    if name.lower() in reserved:
        raise Invalid(Fault(f"{place}name", _("This word cannot be a name.")))
    if not valid_name.regex.match(name):  # type: ignore[union-attr]  # compiled when first used
        raise Invalid(Fault(f"{place}name", str(valid_name.message)))
    if character := first_deceiving(name):
        raise Invalid(Fault(f"{place}name", UNSEEN % {"character": character}))


def refuse_unknown(entry: Document, known: tuple[str, ...], place: str) -> Properties:
    """Return the properties of an entry, having noted those that nobody knows: a typing mistake would go unnoticed otherwise."""
    sent = Properties(entry, within=place)
    for name in sorted(set(map(str, entry)) - set(known)):
        sent.refuse(name, _("This is not known."))
    return sent
