"""Operations of an API: the calls that the gateway lets through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apis import actions
from apis.forms import TAKEN, OperationForm
from apis.models import Operation
from apis.naming import RESERVED_NAMES
from apis.url_template import parameters_of, rest_of
from rest import etags
from rest.bodies import Properties
from rest.entities import remarks
from rest.entities.parent import OfApi
from rest.envelope import Conflict, Fault, Invalid
from rest.fields import Fixed, Text

KEPT: remarks.Kinds = {"templateParameters": Properties.records, "request": Properties.nested, "responses": Properties.records}
_REQUEST: dict[str, Any] = {"description": None, "queryParameters": [], "headers": [], "representations": []}  # unless it was said
_TARGETS = {"display_name": "displayName", "method": "method", "url_template": "urlTemplate", "description": "description"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDraft:
    """What a body asks for."""

    chosen: dict[str, Any]  # arguments of the actions
    sent: Properties
    whole: bool


class Operations(OfApi[Operation, OperationDraft]):
    """The operations of one API."""

    segment = "operations"
    id_name = "operationId"
    permission = "apis.{}_operation"
    fields: ClassVar = {
        "name": Text("name"),
        "displayName": Text("display_name"),
        "method": Text("method"),
        "description": Text("description"),
        "policies": Fixed(None),
    }
    shown_only = ("id", "urlTemplate", "request/description")

    def rows(self) -> QuerySet[Operation]:
        """Return the API's operations, by name."""
        return Operation.objects.filter(api=self.api).select_related("api", "remarks").order_by("name")

    def name_of(self, row: Operation) -> str:
        """Return the operation's name."""
        return row.name

    def etag(self, row: Operation) -> str:
        """Return the ETag."""
        return etags.etag(row.pk, row.revision)

    def show(self, row: Operation) -> dict[str, Any]:
        """Return what is matched, and what was kept."""
        kept = remarks.of(row)
        return {
            "displayName": row.display_name,
            "method": row.method,
            "urlTemplate": remarks.spelled(row, "urlTemplate", row.url_template),
            "description": row.description or None,
            "responses": [],
            "policies": None,
            **kept,
            "request": _REQUEST | kept.get("request", {}),
            "templateParameters": _parameters(row, kept.get("templateParameters")),
        }

    def read(self, sent: Properties, row: Operation | None, *, whole: bool) -> OperationDraft:
        """Check an operation as its page does."""
        before = None if whole else row
        remarks.check(sent, KEPT)
        if not all(isinstance(one.get("name"), str) for one in sent.records("templateParameters")):
            sent.refuse("templateParameters", _("Each has a name, which is a text."))
        sent.unsupported(["policies"], _("An operation's policy is an entity of its own: put it to policies/policy below the operation."))
        form = OperationForm(
            {
                name: sent.text(
                    target,
                    getattr(before, name) if before and target not in sent else "",
                    needed=_needed(name, before),
                    empty=name == "url_template",
                )
                for name, target in _TARGETS.items()
            },
            operation=row,
        )
        sent.check_by(form, _TARGETS)
        return OperationDraft(chosen=form.cleaned_data, sent=sent, whole=whole)

    def create(self, name: str, draft: OperationDraft) -> Operation:
        """Add an operation."""
        if name in RESERVED_NAMES:
            raise Invalid(Fault(self.id_name, _("This word cannot be a name.")))
        try:
            operation = actions.add_operation(self.api, name=name, **draft.chosen, by=self.call.user, now=self.call.now)
        except actions.Taken as refusal:
            raise _taken(refusal) from refusal
        return _finished(operation, draft)

    def change(self, row: Operation, draft: OperationDraft) -> Operation:
        """Change an operation."""
        try:
            operation = actions.change_operation(row, **draft.chosen, by=self.call.user, now=self.call.now)
        except actions.Taken as refusal:
            raise _taken(refusal) from refusal
        return _finished(operation, draft)

    def remove(self, row: Operation) -> None:
        """Delete an operation."""
        actions.delete_operation(row, by=self.call.user, now=self.call.now)


def _finished(operation: Operation, draft: OperationDraft) -> Operation:
    remarks.keep(operation, draft.sent, KEPT, whole=draft.whole)
    if "urlTemplate" in draft.sent:
        remarks.spell(operation, "urlTemplate", draft.sent.text("urlTemplate"), operation.url_template)
    return operation


def _needed(name: str, before: Operation | None) -> bool:
    return before is None and name != "description"


def _parameters(row: Operation, kept: Any) -> list[dict[str, Any]]:
    """Return the template's parameters: as a client described them, if they are those; it may name the rest of the path, or not."""
    names = parameters_of(row.url_template)
    if isinstance(kept, list) and _described(kept) - {rest_of(row.url_template), f"*{rest_of(row.url_template)}"} == set(names):
        return kept
    return [{"name": name, "type": "string", "required": True, "values": []} for name in names]


def _described(kept: list[Any]) -> set[str]:
    return {one["name"] for one in kept if isinstance(one, dict) and isinstance(one.get("name"), str)}


def _taken(refusal: actions.Taken) -> Invalid | Conflict:
    if refusal.field == "url_template":
        return Invalid(Fault("urlTemplate", TAKEN["url_template"]))
    return Conflict(str(refusal))  # the name, at this very moment
