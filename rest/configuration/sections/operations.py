"""Operations of an API in a configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from apis import actions
from apis.forms import TAKEN, OperationForm
from apis.models import Api, Operation
from apis.naming import RESERVED_NAMES
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.reading import check_new_name, entries_of, merged
from rest.configuration.sections import documentation, policies
from rest.configuration.sections.labels import labels_of
from rest.configuration.shape import making
from rest.entities.operations import KEPT
from rest.envelope import Fault, Invalid

_FIELDS = ("display_name", "method", "url_template", "description")
_PARKED = "/parked-by-an-import-{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What an operation is to become."""

    name: str
    row: Operation | None
    chosen: dict[str, Any]
    policy: str
    documentation: Any
    place: str

    @property
    def signature(self) -> tuple[str, str]:
        """What it is to match."""
        return self.chosen["method"], self.chosen["url_template"]


def show(row: Operation) -> Document:
    """Return an operation."""
    return {name: getattr(row, name) for name in ("name", *_FIELDS)} | {"policy": row.document, "documentation": documentation.of(row)}


def shape() -> making.Shape:
    """Return what one may look like."""
    about = "What the REST API keeps and gives back: templateParameters, request, responses."
    return making.entry({**making.of_form(OperationForm, _FIELDS), "policy": policies.shape(), "documentation": documentation.shape(about)})


def labels() -> dict[str, str | Promise]:
    """Return what people call the fields."""
    return labels_of(OperationForm, without=("display_name", "description"))


def apply(context: Context, api: Api, wanted: Any, section: str) -> None:
    """Bring the operations of *api* to what is *wanted*; those in each other's way step aside first.

    :raises Invalid: naming what cannot be
    """
    rows = {row.name: row for row in api.operations.select_related("remarks")}
    entries = list(entries_of(wanted, section))
    if context.delete:
        for name in sorted(set(rows) - {entry["name"] for _place, entry in entries}):
            actions.delete_operation(rows.pop(name), **context.stamp)
    found = [one for place, entry in entries if (one := _wanted(rows.get(entry["name"]), entry, place))]
    _step_aside(context, found, rows)
    for one in found:
        _bring(context, api, one)


def _wanted(row: Operation | None, entry: Document, place: str) -> _Wanted | None:
    """Return what an operation is to become; ``None`` if it is so."""
    before = show(row) if row else None
    check_new_name(entry, before, place, RESERVED_NAMES)
    wanted = merged(before, entry)
    if wanted == before:
        return None
    stays = row is not None and wanted.get("policy", "") == row.document  # another one is checked once the template is there
    form = OperationForm(wanted, operation=row, policy=None if stays else "")
    Properties(wanted, within=place).check_by(form, {})
    return _Wanted(
        name=wanted["name"],
        row=row,
        chosen=form.cleaned_data,
        policy=wanted.get("policy", ""),
        documentation=wanted.get("documentation", {}),
        place=place,
    )


def _step_aside(context: Context, found: list[_Wanted], rows: dict[str, Operation]) -> None:
    """Give those that are to match something else, and match now what another one is to, a template that nothing else has."""
    leaving = {one.name: one for one in found if one.row and one.signature != (one.row.method, one.row.url_template)}
    wanted = {one.signature for one in found}
    for name in leaving:
        row = rows[name]
        if (row.method, row.url_template) in wanted:
            aside = {**{field: getattr(row, field) for field in _FIELDS}, "url_template": _PARKED.format(row.pk)}
            rows[name] = actions.change_operation(row, **aside, **context.stamp)


def _bring(context: Context, api: Api, one: _Wanted) -> None:
    try:
        if one.row is None:
            row = actions.add_operation(api, name=one.name, **one.chosen, **context.stamp)
        else:
            row = Operation.objects.select_related("remarks").get(pk=one.row.pk)
            if any(getattr(row, field) != one.chosen[field] for field in _FIELDS):
                row = actions.change_operation(row, **one.chosen, **context.stamp)
    except actions.Taken as refusal:
        raise Invalid(Fault(f"{one.place}{refusal.field}", TAKEN.get(refusal.field, str(refusal)))) from refusal
    policies.put_on_operation(context, row, one.policy, f"{one.place}policy")
    documentation.keep(row, one.documentation, KEPT, f"{one.place}documentation.")
