"""What is kept of an API, an operation or a subscription for those who read it, as the REST API takes it and gives it back."""

from __future__ import annotations

from typing import Any

from rest.bodies import Properties
from rest.configuration.document import Document
from rest.configuration.reading import refuse_unknown
from rest.configuration.shape import making
from rest.entities import remarks

_PAIR = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}  # as written, and what that meant


def shape(about: str) -> making.Shape:
    """Return what it may look like; *about* says what is kept."""
    ours = {"spelled": {"type": "object", "additionalProperties": _PAIR}, "has_policy": making.flag()}
    return {"type": "object", "properties": ours, "description": about}


def of(row: remarks.Subject) -> Document:
    """Return all of it; select ``remarks`` with the rows to save a query each."""
    return remarks.everything(row)


def keep(row: remarks.Subject, wanted: Any, kinds: remarks.Kinds, place: str) -> None:
    """Keep what is *wanted*, and nothing else.

    :raises rest.envelope.Invalid: naming what is not kept, or not of its kind
    """
    if wanted == of(row):
        return
    sent: Properties = refuse_unknown(wanted, (*kinds, *remarks.OUR_OWN), place)
    remarks.check(sent, kinds)
    sent.check()
    remarks.replace(row, {name: value for name, value in wanted.items() if value is not None})
