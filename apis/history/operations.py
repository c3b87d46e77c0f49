"""Putting an operation back: as it was before or after a line, also one that was deleted; or away, where it was not there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from apis import actions
from apis.forms import OperationForm
from apis.history.moments import both_sides, state_now
from apis.history.restoring import PERMISSION, api_of, with_sentences
from apis.history.rewinding import Facts, State
from apis.models import Api, Operation
from apis.policies.actions import put_operation_document
from apis.policies.words import in_words
from apis.policy import UnreadablePolicy
from portal.history.restoring import Compared, Refused, Side, valid
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

EVENTS = (Event.OPERATION_ADDED, Event.OPERATION_CHANGED, Event.OPERATION_DELETED)


class Operations:
    """How operations are put back."""

    permission = PERMISSION

    def compared(self, line: Activity) -> Compared:
        """Return what the operation was before and after *line*, and what it is.

        :raises Refused: if the API is gone, or the log does not tell
        """
        api, name = api_of(line), _name_of(line)
        before, after = both_sides(api, line)
        sides = (_one_of(state, name) for state in (before, after, state_now(api)))
        known = [None if one is None else {field: one[field] for field in line.changes if field in one} for one in sides]
        return Compared(before=known[0], after=known[1], now=known[2])

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Change, add or delete the operation, by the actions of the Operations tab.

        :raises Refused: with the form's sentences
        """
        api, name = api_of(line), _name_of(line)
        values = self.compared(line).values(side)
        row = api.operations.filter(name=name).first()
        if values is None:
            if row is not None:
                actions.delete_operation(row, by=by, now=now)
        elif row is None:
            self._add(api, name, values, by=by, now=now)
        else:
            self._change(row, values, by=by, now=now)
        return reverse("apis:operations", kwargs={"name": api.name})

    def _add(self, api: Api, name: str, values: Any, *, by: User | None, now: datetime) -> None:
        form = valid(OperationForm(dict(values)))
        with_sentences(lambda: actions.add_operation(api, name=name, by=by, now=now, **form.cleaned_data))
        if values.get("document"):
            _put_document(api.operations.get(name=name), values["document"], by=by, now=now)

    def _change(self, row: Operation, values: Any, *, by: User | None, now: datetime) -> None:
        if set(values) - {"document"}:
            form = valid(OperationForm({**{field: getattr(row, field) for field in OperationForm.base_fields}, **values}, operation=row))
            with_sentences(lambda: actions.change_operation(row, by=by, now=now, **form.cleaned_data))
        if "document" in values:
            _put_document(row, values["document"] or "", by=by, now=now)


def _one_of(state: State, name: str) -> Facts | None:
    """Return the operation of that name, ``None`` if there was none.

    :raises Refused: if the operations of then are not known
    """
    if state.operations is None:
        raise Refused(_("An import has changed the operations since, and the activity log does not hold what they were before it."))
    return state.operations.get(name)


def _put_document(operation: Operation, text: str, *, by: User | None, now: datetime) -> None:
    """Give an operation the document of then.

    :raises Refused: if it cannot be taken any more
    """
    try:
        put_operation_document(operation, text, by=by, now=now)
    except UnreadablePolicy as refusal:
        raise Refused(in_words(refusal.sentence)) from refusal


def _name_of(line: Activity) -> str:
    """Return the name of the operation that *line* is about.

    :raises Refused: if the line does not say
    """
    if isinstance(line.details, dict) and (name := line.details.get("operation")):
        return str(name)
    raise Refused(_("The line does not say which operation it is about."))
