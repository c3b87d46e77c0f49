"""History of entries: its page, and putting an earlier version back, which is a roll-back like any other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certificates import actions
from certificates.access import may
from certificates.kinds import PAGES, Pages
from certificates.models import Certificate, CertificateVersion, KeyDestroyed, Kind
from certificates.pages import find, render
from portal.history.reading import history_of
from portal.history.restoring import Compared, Refused, Side, compared_by_field, restores
from portal.http import PortalRequest
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_NUMBER = "number"  # of a version, among what a line tells of it
_SWITCHES = {
    Kind.CLIENT: (Event.CERTIFICATE_REPLACED, Event.CERTIFICATE_ROLLED_BACK),
    Kind.SERVER: (Event.SERVER_CERTIFICATE_REPLACED, Event.SERVER_CERTIFICATE_ROLLED_BACK),
}


@require_safe
@may("view")
def history(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Show what was changed about an entry, from what to what."""
    certificate = find(pages, name)
    kind = _SWITCHES[Kind(certificate.kind)][0].partition(".")[0]
    return render(request, pages, "certificates/history.html", {"certificate": certificate, **history_of(request, kind, certificate.pk)})


@dataclass(frozen=True, slots=True)
class OfEntries:
    """What those have in common who put something of one kind of entry back: whoever may change entries may do so."""

    pages: Pages

    @property
    def permission(self) -> str:
        """What it takes."""
        return self.pages.permission("change")


class Versions(OfEntries):
    """How the versions of one kind of entry are put back."""

    def compared(self, line: Activity) -> Compared:
        """Return the versions before and after *line* beside the current one.

        :raises Refused: if the entry is gone
        """
        current = entry_of(line).current
        return compared_by_field(line, lambda name: getattr(current, name, None))

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Roll back, or forward, to the version of one side.

        :raises Refused: if it is not there or has no key any more, or another person has to confirm it
        """
        entry, values = entry_of(line), self.compared(line).values(side) or {}
        if not isinstance(number := values.get(_NUMBER), int):
            raise Refused(_("The line does not say which version that was."))
        try:
            actions.roll_back(entry, version=number, by=by, now=now)
        except CertificateVersion.DoesNotExist as gone:
            raise Refused(_("Version %(number)d is there no more.") % {"number": number}) from gone
        except KeyDestroyed as destroyed:
            raise Refused(
                _("The private key of version %(number)d was destroyed; upload its file again.") % {"number": number}
            ) from destroyed
        except actions.AnotherPersonConfirms as refusal:
            raise Refused(_("Another person has to confirm it: press Roll back on the certificate's page.")) from refusal
        return reverse(self.pages.to["detail"], args=[entry.name])


def entry_of(line: Activity) -> Certificate:
    """Return the entry that *line* is about.

    :raises Refused: if it is gone
    """
    entries = Certificate.objects.select_related("current")
    entry = entries.filter(pk=line.subject_id).first() if line.subject_id.isdecimal() else None
    if entry is None:
        raise Refused(_("The certificate was deleted, and its private keys with it; upload it anew."))
    return entry


def enter() -> None:
    """Enter at ``portal.history`` who puts versions back."""
    for kind, events in _SWITCHES.items():
        restores(events, Versions(PAGES[kind]))
