"""An API as it was: after a line of the activity log, or before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from apis.actions import facts
from apis.history.rewinding import State, Unknown, before
from apis.models import Api
from portal.history.restoring import Refused
from portal.models import Activity, Event

MOST_LINES = 20_000  # that are gone back over
_ABOUT = "api"


@dataclass(frozen=True, slots=True)
class Moment:
    """After a line of the activity log, and all before it; ``None``: now.

    :ivar at: when that is, as far as it was asked for by its time
    """

    line: int | None
    at: datetime | None = None


NOW = Moment(None)


def moment_of(at: datetime) -> Moment:
    """Return the moment at a time."""
    newest = Activity.objects.filter(at__lte=at).order_by("-at", "-id").values_list("id", flat=True).first()
    return Moment(newest or 0, at)


def state_now(api: Api) -> State:
    """Return what *api* is."""
    return State(facts=facts.of_api(api), operations={one.name: facts.of_operation(one) for one in api.operations.all()})


def state_at(api: Api, moment: Moment) -> State:
    """Return what *api* was.

    :raises Refused: if the log does not tell, or there was no such API
    """
    state = state_now(api)
    if moment.line is None:
        return state
    try:
        state = before(state, _after(api.pk, _ABOUT, moment.line))
    except Unknown as unknown:
        raise Refused(
            _("The activity log does not tell what this API was then: something that is not in it has changed it since.")
        ) from unknown
    if state.facts is None:
        raise Refused(_("There was no such API yet."))
    _refuse_before_the_log(api, moment.line)
    return state


def both_sides(api: Api, line: Activity) -> tuple[State, State]:
    """Return what *api* was before and after *line*, which is about it.

    :raises Refused: if the log does not tell
    """
    return sides_of(api.pk, state_now(api), line)


def sides_of(pk: int, now: State, line: Activity) -> tuple[State, State]:
    """Return what something that is *now* so was before and after *line*, which is about it.

    :raises Refused: if the log does not tell
    """
    try:
        after = before(now, _after(pk, line.kind, line.id))
        return before(after, [line]), after
    except Unknown as unknown:
        raise Refused(_("The activity log does not tell what it was then: something that is not in it has changed it since.")) from unknown


def _after(pk: int, kind: str, line: int) -> list[Activity]:
    """Return the lines about something after *line*, the newest first."""
    lines = Activity.objects.filter(subject_id=str(pk), kind=kind, id__gt=line).order_by("-id")
    found = list(lines.only("id", "event", "details", "changes")[: MOST_LINES + 1])
    if len(found) > MOST_LINES:
        raise Refused(_("This is more than %(number)d changes ago.") % {"number": MOST_LINES})
    return found


def _refuse_before_the_log(api: Api, line: int) -> None:
    """Refuse a moment before the oldest line that is left, of an API whose beginning was trimmed."""
    if Activity.objects.filter(id__lte=line).exists():
        return
    if not Activity.objects.filter(subject_id=str(api.pk), kind=_ABOUT, event=Event.API_CREATED).exists():
        raise Refused(_("The activity log does not go back so far."))
