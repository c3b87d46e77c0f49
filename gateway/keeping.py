"""What is kept of gateways and calls, for the page that says so."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from gateway.counts import Span
from gateway.models import CALLS_KEPT
from portal.house.retention import Kept, lasting


def _newest(number: int) -> str:
    return ngettext("The newest %(number)s", "The newest %(number)s", number) % {"number": f"{number:,}"}


def _configuration() -> str:
    hours = settings.GATEWAY_KEEP_CONFIGURATION_HOURS
    return ngettext("%(number)d hour", "%(number)d hours", hours) % {"number": hours} if hours else translated("Not at all")


KEPT = (
    Kept(what=_("Figures of calls, by minute"), how_long=lambda: lasting(Span.MINUTE.kept)),
    Kept(what=_("Figures of calls, by hour"), how_long=lambda: lasting(Span.HOUR.kept)),
    Kept(what=_("Figures of calls, by day"), how_long=lambda: lasting(Span.DAY.kept)),
    Kept(what=_("Failed calls"), how_long=lambda: _newest(CALLS_KEPT)),
    Kept(
        what=_("The configuration that a gateway starts with while no control plane is there"),
        how_long=_configuration,
        setting="GATEWAY_KEEP_CONFIGURATION_HOURS",
    ),
)
