"""History of back ends: its page, and putting former values back by the form and the action of their own page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apis.access import may
from apis.actions import NotOverHttp, PasswordMissing
from apis.backends import actions
from apis.backends.addresses import lines_of
from apis.backends.forms import BackEndForm
from apis.backends.models import BackEnd
from apis.forms import NOT_OVER_HTTP
from apis.history.moments import sides_of
from apis.history.restoring import entry_or_text, filled, lost_password, picked, refuse_followed, refuse_lost, with_groups
from apis.history.rewinding import State
from apis.models import Credentials
from portal.history.reading import history_of
from portal.history.restoring import Compared, Refused, Side, restores, valid
from portal.http import PortalRequest
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_PLACE = ("url", "written_url", "addresses")
_GROUPS = dict.fromkeys(_PLACE, _PLACE)
Values = Mapping[str, Any]


@require_safe
@may("apis.view_api")
def history(request: PortalRequest, name: str) -> HttpResponse:
    """Show what was changed about a back end, from what to what."""
    found = get_object_or_404(BackEnd, name=name)
    return render(request, "backends/history.html", {"back_end": found, **history_of(request, "backend", found.pk)})


class BackEnds:
    """How back ends are put back."""

    permission = "apis.change_api"

    def compared(self, line: Activity) -> Compared:
        """Return the values of *line*, what belongs to them, and those of now.

        :raises Refused: if the back end is gone, or the log does not tell
        """
        row = _back_end(line)
        now = actions.facts_of(row)
        before, after = sides_of(row.pk, _state(row), line)
        names = with_groups(line.changes, _GROUPS)
        return Compared(
            before=None if before.facts is None else picked(names, before.facts, now),
            after=picked(names, after.facts or {}, now),
            now=picked(names, now, now),
        )

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Put the values of one side back.

        :raises Refused: with the form's sentences, or if a password would be needed that is not kept
        """
        row, values = _back_end(line), self.compared(line).values(side)
        if values is None:
            raise Refused(_("Before this the back end was not there. Delete it, if that is what you want."))
        refuse_followed(line, values, row.written_url)
        then = sides_of(row.pk, _state(row), line)[0 if side is Side.BEFORE else 1]
        refuse_lost(values, then.secrets)
        _change(row, _chosen(row, values), by=by, now=now)
        return reverse("backends:detail", kwargs={"name": row.name})


def _state(row: BackEnd) -> State:
    return State(facts=actions.facts_of(row), operations={})


def _back_end(line: Activity) -> BackEnd:
    rows = BackEnd.objects.select_related("certificate", "trusted_authority")
    row = rows.filter(pk=line.subject_id).first() if line.subject_id.isdecimal() else None
    if row is None:
        raise Refused(_("The back end was deleted, and its password with it, so that it is made anew, not restored."))
    return row


def _chosen(row: BackEnd, values: Values) -> actions.BackEndSettings:
    """Return what the form would choose with *values* in place of those of now. Addresses without a scheme are members of a pool."""
    where = _where(values)
    members = bool(where) and not any(mark in where[0] for mark in ("://", "{{"))
    edited = BackEnd(pk=row.pk) if where and row.is_pool and not members else row  # what a pool has of its members is none of its own
    typed = filled(BackEndForm(back_end=row), entry_or_text({name: value for name, value in values.items() if name not in _PLACE}))
    if where and not members:
        typed["addresses"] = "\n".join(where)
    form = BackEndForm(typed, back_end=edited)
    form.fields.pop("name", None)
    chosen = valid(form).chosen_settings()
    return _with_members(chosen, where) if members else chosen


def _where(values: Values) -> list[str]:
    """Return the addresses of then, as they were written; nothing if they are none of the values."""
    if "addresses" not in values:
        return []
    return list(values["addresses"] or [values.get("written_url") or values["url"]])


def _with_members(chosen: actions.BackEndSettings, where: list[str]) -> actions.BackEndSettings:
    kept = tuple({"member": line.url, **line.kept(), "url": ""} for line in lines_of("\n".join(where)))
    if missing := sorted({str(one["member"]) for one in kept} - set(BackEnd.objects.values_list("name", flat=True))):
        raise Refused(_("There is no back end %(named)s.") % {"named": ", ".join(missing)})
    nothing: dict[str, Any] = {"credentials": Credentials.NONE, "certificate": None, "username": "", "password": None, "proof": None}
    return replace(chosen, **nothing, spelled_url="", addresses=kept)


def _change(row: BackEnd, chosen: actions.BackEndSettings, *, by: User | None, now: datetime) -> None:
    """Change a back end.

    :raises Refused: with a sentence where the action refuses it
    """
    try:
        actions.change_back_end(row, chosen, revision=row.revision, by=by, now=now)
    except actions.EditedMeanwhile as refusal:
        raise Refused(_("Somebody else has just saved it; look again.")) from refusal
    except NotOverHttp as refusal:
        raise Refused(NOT_OVER_HTTP) from refusal
    except PasswordMissing as refusal:
        raise Refused(lost_password()) from refusal
    except actions.MembersDiffer as refusal:
        raise Refused(_("The pool %(pool)s holds this back end; its members have to be alike.") % {"pool": refusal.pool}) from refusal


def enter() -> None:
    """Enter at ``portal.history`` who puts back ends back."""
    restores((Event.BACKEND_CREATED, Event.BACKEND_CHANGED), BackEnds())
