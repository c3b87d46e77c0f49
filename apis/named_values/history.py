"""History of named values: its page, and putting former values back; a secret is not kept, so that none is put back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apis.access import may
from apis.history.moments import sides_of
from apis.history.restoring import with_groups
from apis.history.rewinding import State
from apis.models import NamedValue
from apis.named_values import actions
from apis.named_values.forms import TAKEN, NamedValueForm
from portal.history.reading import history_of
from portal.history.restoring import Compared, Refused, Side, restores, valid
from portal.http import PortalRequest
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_TOGETHER = ("secret", "value")
_GROUPS = dict.fromkeys(_TOGETHER, _TOGETHER)


@require_safe
@may("apis.view_namedvalue")
def history(request: PortalRequest, name: str) -> HttpResponse:
    """Show what was changed about a value, from what to what."""
    found = get_object_or_404(NamedValue, name=name)
    return render(request, "named_values/history.html", {"value": found, **history_of(request, "named-value", found.pk)})


class NamedValues:
    """How named values are put back."""

    permission = "apis.change_namedvalue"

    def compared(self, line: Activity) -> Compared:
        """Return the values of *line* and those of now.

        :raises Refused: if it is gone, or the log does not tell
        """
        row = _value(line)
        before, after = _sides(row, line)
        names, now = with_groups(line.changes, _GROUPS), actions.facts_of(row)
        sides = [None if one.facts is None else {name: one.facts.get(name) for name in names} for one in (before, after)]
        return Compared(before=sides[0], after=sides[1], now={name: now.get(name) for name in names})

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Put the values of one side back by the action of its page.

        :raises Refused: with the form's sentences, or if that would take a secret that is not kept
        """
        row, values = _value(line), self.compared(line).values(side)
        if values is None:
            raise Refused(_("Before this the named value was not there. Delete it, if that is what you want."))
        if "value" in values and "value" in _sides(row, line)[0 if side is Side.BEFORE else 1].secrets:
            raise Refused(_("The secret of then is not kept. Enter it on the page of the named value."))
        wanted = {name: getattr(row, name) for name in ("display_name", "secret", "value", "tags")} | dict(values)
        form = valid(NamedValueForm({**wanted, "tags": ", ".join(wanted["tags"] or [])}, value=row))
        _change(row, form.chosen(), by=by, now=now)
        return reverse("named_values:detail", kwargs={"name": row.name})


def _sides(row: NamedValue, line: Activity) -> tuple[State, State]:
    return sides_of(row.pk, State(facts=actions.facts_of(row), operations={}), line)


def _value(line: Activity) -> NamedValue:
    row = NamedValue.objects.select_related("sealed").filter(pk=line.subject_id).first() if line.subject_id.isdecimal() else None
    if row is None:
        raise Refused(_("The named value was deleted; make it anew."))
    return row


def _change(row: NamedValue, chosen: actions.Chosen, *, by: User | None, now: datetime) -> None:
    """Change a value.

    :raises Refused: with a sentence where the action refuses it
    """
    try:
        actions.change(row, chosen, revision=row.revision, by=by, now=now)
    except actions.EditedMeanwhile as refusal:
        raise Refused(_("Somebody else has just saved it; look again.")) from refusal
    except actions.Taken as refusal:
        raise Refused(TAKEN) from refusal
    except actions.InUse as refusal:
        raise Refused(_("These use it: %(uses)s. Change them first.") % {"uses": refusal}) from refusal
    except actions.Unfit as refusal:
        raise Refused(refusal.sentence) from refusal


def enter() -> None:
    """Enter at ``portal.history`` who puts named values back."""
    restores((Event.NAMED_VALUE_CREATED, Event.NAMED_VALUE_CHANGED), NamedValues())
