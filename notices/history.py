"""Putting back when is told, and of which failures, and who is told of an entry: by the forms of their pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms.models import model_to_dict
from django.urls import reverse
from django.utils.translation import gettext as _

from certificates.history import entry_of
from certificates.kinds import PAGES
from certificates.models import Certificate, Kind
from notices import actions
from notices.forms import AlertsForm, ContactForm, ScheduleForm
from notices.models import Contact, Schedule
from portal.history.restoring import Compared, Refused, Side, Values, compared_by_field, restores, valid
from portal.history.words import is_pair
from portal.models import Activity, Event

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


class Contacts:
    """How it is put back that somebody is told of an entry, or is not."""

    permission = "certificates.change_clientcertificate"

    def compared(self, line: Activity) -> Compared:
        """Return who was told before and after *line*, and whether they are now; ``None``: they were not.

        :raises Refused: if the entry is gone
        """
        pairs = {name: pair for name, pair in line.changes.items() if is_pair(pair)}
        before, after = ({name: pair[side] for name, pair in pairs.items()} for side in (0, 1))
        told = any(before.values())
        contact = before if told else after
        now = contact if _contacts(entry_of(line), str(contact.get("address", ""))).exists() else None
        return Compared(before=before if told else None, after=None if told else after, now=now)

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Have who was told at one side told again, or no longer.

        :raises Refused: if the form does not take them, as somebody who has left
        :raises PermissionDenied: if the entry is of a kind that *by* may not change
        """
        entry, compared = entry_of(line), self.compared(line)
        pages = PAGES[Kind(entry.kind)]
        if by and not by.has_perm(pages.permission("change")):
            raise PermissionDenied
        if wanted := compared.values(side):
            actions.add_contact(entry, **valid(ContactForm(_entered(wanted))).cleaned_data, by=by, now=now)
        else:
            for contact in _contacts(entry, str((compared.now or {}).get("address", ""))):
                actions.remove_contact(contact, by=by, now=now)
        return reverse("notices:contacts", args=[entry.kind, entry.name])


def _contacts(entry: Certificate, told: str) -> QuerySet[Contact]:
    """Return the contact of *entry* that a line calls *told*: by a user name or a mail address."""
    return Contact.objects.filter(Q(person__username=told) | Q(person=None, address__iexact=told), certificate=entry)


def _entered(told: Values) -> dict[str, Any]:
    """Return what would be entered in the form for what a line tells of a contact: its language is there for an address alone.

    :raises Refused: if it was somebody who has left
    """
    name = str(told.get("address", ""))
    if "language" not in told and User.objects.filter(username=name, is_active=True).exists():
        return {"person": name}
    if "language" in told or "@" in name:  # once no line told of a language
        return {"address": name, "language": told.get("language") or ""}
    raise Refused(_("%(name)s has no account that is active. Add somebody else.") % {"name": name})


def enter() -> None:
    """Enter at ``portal.history`` who puts the schedule and contacts back."""
    restores([Event.NOTICES_SCHEDULED], Schedules())
    restores([Event.CONTACT_ADDED, Event.CONTACT_REMOVED], Contacts())
