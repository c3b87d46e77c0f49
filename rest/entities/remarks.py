"""What a client sent and has no effect here: kept and given back as it was, so that it finds no difference for ever.

That goes for properties, and for how a client has spelled others: they come back so while they mean what they meant then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Case, F, TextField, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Exact

from apis.models import Api, Operation, Subscription
from rest.bodies import Properties
from rest.models import Remarks

_SPELLED = "spelled"  # among the properties that are kept; no property of the published service's is named so
_HAS_POLICY = "has_policy"
OUR_OWN = (_SPELLED, _HAS_POLICY)  # what is kept beside the published properties
Subject = Api | Operation | Subscription
Kinds = Mapping[str, Callable[[Properties, str], object]]  # what is kept, and what reads it: typed clients cannot list what breaks them


def check(sent: Properties, kinds: Kinds) -> None:
    """Note a fault at each property that would be kept and is not of its kind."""
    for name, read in kinds.items():
        read(sent, name)


def of(row: Subject) -> dict[str, Any]:
    """Return what was said of *row*; select ``remarks`` with the rows to save a query each."""
    return {name: value for name, value in _all(row).items() if name != _SPELLED}


def spelled(row: Subject, name: str, meaning: str) -> str:
    """Return the property *name* as it was sent, if *meaning* is still what it means; else *meaning*."""
    written, meant = _all(row).get(_SPELLED, {}).get(name, ("", ""))
    return str(written) if written and meant == meaning else meaning


def spelling(name: str, meaning: str) -> Case:
    """Return what :func:`spelled` does, as an expression.

    :param meaning: the path of the column that tells what the property means
    """
    pair = KeyTransform(name, KeyTransform(_SPELLED, "remarks__properties"))
    written, meant = (KeyTextTransform(place, pair) for place in (0, 1))
    return Case(When(Exact(Cast(meant, TextField()), F(meaning)), then=written), default=F(meaning), output_field=TextField())


def spell(row: Subject, name: str, written: str, meaning: str) -> None:
    """Keep that the property *name* was sent as *written*, which means *meaning*; nothing, if it was spelled so."""
    before: dict[str, Any] = _all(row).get(_SPELLED, {})
    after = {other: pair for other, pair in before.items() if other != name}
    if written and written != meaning:
        after[name] = [written, meaning]
    if after != before:
        _store(row, {**of(row), **({_SPELLED: after} if after else {})})


def keep(row: Subject, sent: Properties, names: Kinds, *, whole: bool) -> None:
    """Keep those of *names* that were sent.

    :param whole: the entity was sent as a whole, so that what is missing is forgotten
    """
    given = {name: sent.values[name] for name in names if name in sent}
    everything = _all(row)
    before = {_SPELLED: everything[_SPELLED]} if _SPELLED in everything else {}
    before |= {} if whole else of(row)
    properties = {name: value for name, value in (before | given).items() if value is not None}
    if properties != everything:
        _store(row, properties)


def everything(row: Subject) -> dict[str, Any]:
    """Return all that is kept, with our own beside it, for :func:`replace`."""
    remarks: Remarks | None = getattr(row, "remarks", None)
    return {**_all(row), **({_HAS_POLICY: True} if remarks and remarks.has_policy else {})}


def replace(row: Subject, properties: Mapping[str, Any]) -> None:
    """Keep *properties*, as :func:`everything` returns them, and nothing else."""
    about: dict[str, Any] = {str(row._meta.model_name): row}
    kept = {name: value for name, value in properties.items() if name != _HAS_POLICY}
    has_policy = properties.get(_HAS_POLICY) is True
    row.remarks, _made = Remarks.objects.update_or_create(**about, defaults={"properties": kept, "has_policy": has_policy})


def _all(row: Subject) -> dict[str, Any]:
    remarks: Remarks | None = getattr(row, "remarks", None)
    return remarks.properties if remarks else {}


def _store(row: Subject, properties: dict[str, Any]) -> None:
    about: dict[str, Any] = {str(row._meta.model_name): row}
    row.remarks, _made = Remarks.objects.update_or_create(**about, defaults={"properties": properties})
