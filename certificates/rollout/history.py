"""Putting back how an entry's versions are switched to: by the form of its page."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.forms.models import model_to_dict
from django.urls import reverse

from certificates.history import OfEntries, entry_of
from certificates.kinds import PAGES
from certificates.models import Kind
from certificates.rollout import actions
from certificates.rollout.models import rules_of
from certificates.rollout.rules_form import RulesForm
from portal.history.restoring import Compared, Side, compared_by_field, restores, valid
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_EVENTS = {Kind.CLIENT: Event.CERTIFICATE_RULES_CHANGED, Kind.SERVER: Event.SERVER_CERTIFICATE_RULES_CHANGED}


class RulesOfSwitches(OfEntries):
    """How the rules of one kind of entry are put back."""

    def compared(self, line: Activity) -> Compared:
        """Return the rules before and after *line*, and those of now.

        :raises Refused: if the entry is gone
        """
        now = rules_of(entry_of(line))
        return compared_by_field(line, lambda name: actions.plain(getattr(now, name, None)))

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Let the rules of one side hold again.

        :raises Refused: if the form does not take them as things are
        """
        entry, values = entry_of(line), dict(self.compared(line).values(side) or {})
        paths: dict[str, Any] = {}
        if (said := values.pop("paths", None)) is not None:
            paths = {"paths": dict(one.split(": ", 1) for one in said)}
        form = valid(RulesForm(model_to_dict(rules_of(entry)) | values, certificate=entry))
        actions.set_rules(entry, form.chosen() | paths, by=by, now=now)
        return reverse(self.pages.to["detail"], args=[entry.name])


def enter() -> None:
    """Enter at ``portal.history`` who puts rules back."""
    for kind, event in _EVENTS.items():
        restores([event], RulesOfSwitches(PAGES[kind]))
