"""Putting back when is told, and of which failures: by the forms of the page of notices."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.forms.models import model_to_dict
from django.urls import reverse

from notices import actions
from notices.forms import AlertsForm, ScheduleForm
from notices.models import Schedule
from portal.history.restoring import Compared, Side, compared_by_field, restores, valid
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_DAYS = ("thresholds", "weekly")  # what is said by the one form; the rest by the other


class Schedules:
    """How the schedule of notices is put back."""

    permission = "notices.change_schedule"

    def compared(self, line: Activity) -> Compared:
        """Return the values before and after *line*, and those of now."""
        current = Schedule.current()
        return compared_by_field(line, lambda name: getattr(current, name, None))

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Let the values of one side apply again.

        :raises portal.history.restoring.Refused: if a form does not take them
        """
        values = self.compared(line).values(side) or {}
        wanted = model_to_dict(Schedule.current()) | dict(values)
        if values.keys() & set(_DAYS):
            days = {"thresholds": ", ".join(map(str, wanted["thresholds"] or [])), "weekly": wanted["weekly"]}
            actions.schedule(**valid(ScheduleForm(days)).cleaned_data, by=by, now=now)
        else:
            actions.tell_of(**valid(AlertsForm(wanted)).cleaned_data, by=by, now=now)
        return reverse("notices:index")


def enter() -> None:
    """Enter at ``portal.history`` who puts the schedule back."""
    restores([Event.NOTICES_SCHEDULED], Schedules())
