"""What is kept for how long, and where that is set. Rooms above enter what they keep when they start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

FOR_EVER = _("For ever")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One thing that is kept.

    :ivar how_long: in words, now
    :ivar setting: the variable of the environment that sets it; empty: none does
    :ivar where: how else it comes about
    """

    what: Promise
    how_long: Callable[[], str | Promise]
    setting: str = ""
    where: Promise = field(default_factory=lambda: _("Always so"))


_entered: list[Kept] = []


def enter(*kept: Kept) -> None:
    """Let rooms above say what they keep. Called once by each, when it starts."""
    _entered.extend(kept)


def all_kept() -> Iterator[Kept]:
    """Yield what is kept: the floor's own first."""
    yield Kept(
        what=_("Lines of the activity log"),
        how_long=lambda: days(settings.ACTIVITY_KEEP_DAYS) if settings.ACTIVITY_KEEP_DAYS else FOR_EVER,
        setting="PORTAL_ACTIVITY_KEEP_DAYS",
    )
    yield Kept(what=_("A sign-in that nobody uses"), how_long=lambda: lasting(settings.SESSION_IDLE), setting="PORTAL_SESSION_IDLE_MINUTES")
    yield Kept(what=_("A sign-in, whatever is done"), how_long=lambda: lasting(settings.SESSION_LASTS), setting="PORTAL_SESSION_HOURS")
    yield from _entered


def days(number: int) -> str:
    """Return a number of days in words."""
    return ngettext("%(number)d day", "%(number)d days", number) % {"number": number}


def lasting(time: timedelta) -> str:
    """Return *time* in the largest unit that tells it whole."""
    minutes = round(time.total_seconds() / 60)
    if minutes % 1440 == 0:
        return days(minutes // 1440)
    if minutes % 60 == 0:
        return ngettext("%(number)d hour", "%(number)d hours", minutes // 60) % {"number": minutes // 60}
    return ngettext("%(number)d minute", "%(number)d minutes", minutes) % {"number": minutes}
