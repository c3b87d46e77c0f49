"""Whether a document has the shape it must have, each fault in a sentence at its place."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jsonschema_rs
from django.utils.translation import gettext as _

from rest.configuration.shape.making import SECRET, TEXT, Shape
from rest.envelope import Fault

_MOST = 50  # faults that are told at once


def faults_of(document: Any, shape: Shape) -> list[Fault]:
    """Return what of *document* does not have its *shape*, the first of them."""
    if endless := list(_endless(document)):  # of which the rules of a shape know nothing
        return endless[:_MOST]
    found: dict[tuple[str, str], Fault] = {}
    for error in jsonschema_rs.validator_for(shape).iter_errors(document):
        for fault in _faults(error, document, shape):
            found.setdefault((fault.target, str(fault.message)), fault)
        if len(found) >= _MOST:
            break
    return list(found.values())


def place_of(document: Any, path: Iterable[str | int]) -> str:
    """Return how people find what lies at *path*: entries by their names, others by their numbers."""
    words, here = [], document
    for step in path:
        here = here[step]
        named = isinstance(step, int) and isinstance(here, dict) and isinstance(here.get("name"), str) and here["name"]
        words.append(str(named or (step + 1 if isinstance(step, int) else step)))
    return ".".join(words)


def _endless(document: Any) -> Iterator[Fault]:
    """Yield a fault for each number that JSON, and thus the database, does not have (RFC 8259, section 6)."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while waiting:
        path, here = waiting.pop()
        if isinstance(here, float) and not math.isfinite(here):
            yield Fault(place_of(document, path), _("This is no number, or too large a one."))
        inner = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        waiting += [((*path, step), value) for step, value in inner]


def _faults(error: Any, document: Any, shape: Shape) -> Iterator[Fault]:
    place = place_of(document, error.instance_path)
    match error.kind.name:
        case "additionalProperties":
            yield from (Fault(_below(place, name), _("This is not known.")) for name in error.kind.unexpected)
        case "required":
            yield Fault(_below(place, error.kind.property), _("This is required."))
        case _:
            here = _at(shape, error.schema_path[:-2])
            if here.get("items") == TEXT:  # one of several texts is no text
                yield Fault(place_of(document, error.instance_path[:-1]), _of_kind(here))
            else:
                yield Fault(place, _sentence(error, _at(shape, error.schema_path[:-1])))


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _at(shape: Shape, path: Iterable[str | int]) -> Shape:
    here: Any = shape
    for step in path:
        here = here[step]
    return here  # type: ignore[no-any-return]  # whatever lies there is a shape


def _sentence(error: Any, shape: Shape) -> str:
    if shape.get("$comment") == SECRET:
        return _(
            "A secret does not stand in the file itself. Write {file: its file}, {env: its environment variable} or {sealed: its name among"
            " the encrypted secrets}."
        )
    make = _SENTENCES.get(error.kind.name)
    return make(shape) if make else _("This is not of the kind that belongs here.")


def _of_kind(shape: Shape) -> str:
    kind, empty = (shape["type"][0], True) if isinstance(shape["type"], list) else (shape["type"], False)
    sentences = {
        "string": _("This must be a text."),
        "boolean": _("This must be true or false."),
        "object": _("This must be an object."),
        "array": _("This must be a list of texts.") if shape.get("items") == TEXT else _("This must be a list."),
        "integer": _("This must be a whole number, or null for none.") if empty else _("This must be a whole number."),
    }
    return sentences[kind]


def _bounds(shape: Shape) -> str:
    least, most = shape.get("minimum"), shape.get("maximum")
    if most is None:
        return _("This is at least %(least)d.") % {"least": least}
    if least is None:
        return _("This is at most %(most)d.") % {"most": most}
    return _("This is a number from %(least)d to %(most)d.") % {"least": least, "most": most}


_SENTENCES: dict[str, Callable[[Shape], str]] = {
    "type": _of_kind,
    "enum": lambda shape: _("This is one of: %(choices)s.") % {"choices": ", ".join(str(one) or "“”" for one in shape["enum"])},
    "maxLength": lambda shape: _("This has at most %(longest)d characters.") % {"longest": shape["maxLength"]},
    "minLength": lambda _shape: _("This must not be empty."),
    "minimum": _bounds,
    "maximum": _bounds,
    "pattern": lambda _shape: _("This is a time of the day such as 22:00."),
}
