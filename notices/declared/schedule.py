"""When is told, in a configuration file."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from notices import actions
from notices.forms import ScheduleForm
from notices.models import Schedule, Weekday
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.sections.labels import labels_of
from rest.configuration.sections.section import Setting
from rest.configuration.shape import making


def _show() -> Document:
    current = Schedule.current()
    return {"thresholds": list(current.thresholds), "weekly": current.weekly}


def _apply(context: Context, wanted: Document, place: str) -> None:
    days = ", ".join(map(str, wanted["thresholds"]))
    form = ScheduleForm({"thresholds": days, "weekly": "" if wanted["weekly"] is None else wanted["weekly"]})
    Properties(wanted, within=place).check_by(form, {})
    actions.schedule(thresholds=form.cleaned_data["thresholds"], weekly=form.cleaned_data["weekly"], **context.stamp)


def _shape() -> making.Shape:
    days = making.several(making.whole(least=0), "Days before an end; 0 is the moment at which it has ended.")
    weekly = making.whole(least=min(Weekday.values), most=max(Weekday.values), empty=True, about="0 is Monday; null: never.")
    return making.record({"thresholds": days, "weekly": weekly})


SCHEDULE = Setting(
    name="notices", label=gettext_lazy("Notices"), shape=_shape, show=_show, apply=_apply, labels=lambda: labels_of(ScheduleForm)
)
