"""Putting back where an entry renews itself from: by the form of its page, with what lies there now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certificates.actions import AlreadyUploaded
from certificates.history import OfEntries, entry_of
from certificates.kinds import PAGES
from certificates.models import Certificate, Kind
from certificates.sources import actions
from certificates.sources.forms import WatchForm
from certificates.sources.trouble import Trouble
from portal.history.restoring import Compared, Refused, Side, Values, compared_by_field, restores, valid
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_EVENTS = {
    Kind.CLIENT: (Event.CERTIFICATE_SOURCE_SET, Event.CERTIFICATE_SOURCE_REMOVED),
    Kind.SERVER: (Event.SERVER_CERTIFICATE_SOURCE_SET, Event.SERVER_CERTIFICATE_SOURCE_REMOVED),
}
_FILES = ("password_file", "key_file", "chain_file")


def labels() -> dict[str, Any]:
    """Return what the forms call the fields that lines about sources name."""
    from certificates.sources.acme.forms import AcmeForm

    fields = WatchForm.base_fields | AcmeForm.base_fields
    return {"place": gettext_lazy("Place"), **{name: field.label for name, field in fields.items()}}


class Sources(OfEntries):
    """How the sources of one kind of entry are put back."""

    def compared(self, line: Activity) -> Compared:
        """Return the source before and after *line*, and that of now.

        :raises Refused: if the entry is gone
        """
        return compared_by_field(line, actions.told(entry_of(line)).get)

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Let the entry renew itself from where it did at one side, or no longer.

        :raises Refused: if nothing lies there that could be used, or it was ordered by ACME
        """
        entry, wanted = entry_of(line), self._wanted(line, side)
        if wanted.get("place"):
            self._watch(entry, wanted, by=by, now=now)
        else:
            actions.unwatch(entry, by=by, now=now)
        return reverse(self.pages.to["detail"], args=[entry.name])

    def _wanted(self, line: Activity, side: Side) -> dict[str, Any]:
        """Return the settings of one side: what *line* does not tell was the same on both, so it is as now if that is one of them.

        Settings of another place than those two say nothing of this one.
        """
        compared, now = self.compared(line), actions.told(entry_of(line))
        values = dict(compared.values(side) or {})
        places = [one.get("place") for one in (compared.before, compared.after) if one]
        if "place" in values and now.get("place") not in places:
            return values
        return now | values

    def _watch(self, entry: Certificate, wanted: Values, *, by: User | None, now: datetime) -> None:
        if str(wanted["place"]).startswith("https://"):
            raise Refused(_("The account of then is not kept. Order the certificate by ACME anew."))
        typed = {"path": wanted["place"], "name": entry.name, **{name: wanted.get(name) or "" for name in _FILES}}
        try:
            actions.watch(self.pages.model, valid(WatchForm(typed)).place(), name=entry.name, by=by, now=now)
        except Trouble as trouble:
            raise Refused(trouble) from trouble
        except AlreadyUploaded as refusal:
            words = _("The certificate there is already uploaded as %(name)s.")
            raise Refused(words % {"name": refusal.certificate.name}) from refusal


def enter() -> None:
    """Enter at ``portal.history`` who puts sources back."""
    for kind, events in _EVENTS.items():
        restores(events, Sources(PAGES[kind]))
