"""Choosing by chance what a change is made to."""

from __future__ import annotations

from random import Random
from typing import Any, TypeVar

from django.db.models import Model
from django.utils import timezone

Row = TypeVar("Row", bound=Model)


class Impossible(Exception):
    """There is nothing to do this to."""


def one(rows: type[Row], chance: Random, **where: object) -> Row:
    """Return one of the *rows* there are.

    :raises Impossible: if there is none
    """
    if not (found := list(rows._default_manager.filter(**where).order_by("pk"))):
        raise Impossible
    return chance.choice(found)


def one_or_none(rows: type[Row], chance: Random) -> Row | None:
    """Return one of the *rows* there are, or none."""
    return chance.choice([None, *rows._default_manager.order_by("pk")])


def done() -> dict[str, Any]:
    """Return who makes a change, and when."""
    return {"by": None, "now": timezone.now()}
