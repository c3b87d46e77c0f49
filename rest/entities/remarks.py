"""Properties that have no effect here: kept as a client sent them and given back, so that it finds no difference for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from apis.models import Api, Operation, Subscription
from rest.bodies import Properties
from rest.models import Remarks

Subject = Api | Operation | Subscription
Kinds = Mapping[str, Callable[[Properties, str], object]]  # what is kept, and what reads it: typed clients cannot list what breaks them


def check(sent: Properties, kinds: Kinds) -> None:
    """Note a fault at each property that would be kept and is not of its kind."""
    for name, read in kinds.items():
        read(sent, name)


def of(row: Subject) -> dict[str, Any]:
    """Return what was said of *row*; select ``remarks`` with the rows to save a query each."""
    remarks: Remarks | None = getattr(row, "remarks", None)
    return remarks.properties if remarks else {}


def keep(row: Subject, sent: Properties, names: Kinds, *, whole: bool) -> None:
    """Keep those of *names* that were sent.

    :param whole: the entity was sent as a whole, so that what is missing is forgotten
    """
    given = {name: sent.values[name] for name in names if name in sent}
    before = {} if whole else of(row)
    properties = {name: value for name, value in (before | given).items() if value is not None}
    if properties != of(row):
        about: dict[str, Any] = {str(row._meta.model_name): row}
        Remarks.objects.update_or_create(**about, defaults={"properties": properties})
