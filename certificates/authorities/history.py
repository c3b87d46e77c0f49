"""History of trusted authorities: its page, and putting an earlier version back, which is a roll-back like any other."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certificates.authorities import actions
from certificates.authorities.access import find, may, permission, render
from certificates.authorities.models import Authority, AuthorityVersion
from portal.history.reading import history_of
from portal.history.restoring import Compared, Refused, Side, compared_by_field, restores
from portal.http import PortalRequest
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_NUMBER = "number"  # of a version, among what a line tells of it


@require_safe
@may("view")
def history(request: PortalRequest, name: str) -> HttpResponse:
    """Show what was changed about an entry, from what to what."""
    authority = find(name)
    return render(request, "history.html", {"authority": authority, **history_of(request, "authority", authority.pk)})


class Versions:
    """How the certificates of a trusted authority are put back."""

    permission = permission("change")

    def compared(self, line: Activity) -> Compared:
        """Return the versions before and after *line* beside the current one.

        :raises Refused: if the entry is gone
        """
        current = _authority(line).current
        now = actions.told(current) if current else {}
        return compared_by_field(line, now.get)

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Trust the version of one side again.

        :raises Refused: if it is there no more, or is another entry by now
        """
        authority, number = _authority(line), (self.compared(line).values(side) or {}).get(_NUMBER)
        if not isinstance(number, int):
            raise Refused(_("The line does not say which version that was."))
        try:
            actions.roll_back(authority, version=number, by=by, now=now)
        except AuthorityVersion.DoesNotExist as gone:
            raise Refused(_("Version %(number)d is there no more.") % {"number": number}) from gone
        except actions.AlreadyHeld as refusal:
            words = _("These certificates are the trusted authority %(name)s by now.")
            raise Refused(words % {"name": refusal.authority.name}) from refusal
        return reverse("authorities:detail", args=[authority.name])


def _authority(line: Activity) -> Authority:
    found = Authority.objects.select_related("current").filter(pk=line.subject_id).first() if line.subject_id.isdecimal() else None
    if found is None:
        raise Refused(_("The trusted authority was deleted; upload it anew."))
    return found


def enter() -> None:
    """Enter at ``portal.history`` who puts versions of trusted authorities back."""
    restores([Event.AUTHORITY_REPLACED, Event.AUTHORITY_ROLLED_BACK], Versions())
