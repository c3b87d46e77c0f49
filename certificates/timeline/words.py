"""What a timeline says to people."""

from __future__ import annotations

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from certificates.timeline.drawing import Happening, What

NAMES: dict[str, Promise] = {
    What.EXPIRES: gettext_lazy("Expires"),
    What.SWITCH: gettext_lazy("Switch planned"),
    What.RENEWAL: gettext_lazy("Renewal"),
}


def sentence(happening: Happening) -> str:
    """Return what a mark stands for, in the active language."""
    certificates = ngettext("%(number)d certificate", "%(number)d certificates", happening.entries) % {"number": happening.entries}
    apis = ngettext("%(number)d API", "%(number)d APIs", happening.used) % {"number": happening.used}
    what = {"name": happening.name or certificates, "what": NAMES[happening.what], "days": _days(happening), "apis": apis}
    return _("%(name)s: %(what)s, %(days)s, %(apis)s") % what


def _days(happening: Happening) -> str:
    first, last = (date_format(day, "DATE_FORMAT") for day in (happening.day, happening.last))
    return first if happening.day == happening.last else _("%(first)s to %(last)s") % {"first": first, "last": last}
