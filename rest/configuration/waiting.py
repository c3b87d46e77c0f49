"""Waiting until what was changed is live on every gateway that is connected."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from portal.live import Kind, LiveStatus, State, live_status
from portal.models import Activity

_PAUSE = 0.2
_KINDS = frozenset(Kind)


class NotLive(Exception):
    """Something is not live everywhere; the message names it."""


def wait_until_live(lines: Iterable[Activity], seconds: float) -> None:
    """Return once all that *lines* tell of is live on every connected gateway, what was deleted included.

    :raises NotLive: if a gateway refuses it, none is connected, or it takes longer than *seconds*
    """
    waiting, until = _things(lines), time.monotonic() + seconds
    while waiting:
        waiting = {thing: name for thing, name in waiting.items() if not _is_live(name, live_status(*thing))}
        if waiting and time.monotonic() > until:
            words = _("Applied, and not live everywhere after %(seconds)d seconds: %(names)s.")
            raise NotLive(words % {"seconds": seconds, "names": ", ".join(waiting.values())})
        if waiting:
            time.sleep(_PAUSE)


def lines_of(now: datetime, *, after: int) -> list[Activity]:
    """Return the lines that were written by an import at the moment *now*, after the line of that number; the newest first."""
    return list(Activity.objects.filter(id__gt=after, at=now).order_by("-id"))


def _things(lines: Iterable[Activity]) -> dict[tuple[Kind, int], str]:
    """Return what can be live of what lines tell of, with its name; its kind is the word before the dot of their events."""
    kinds = ((line, line.event.partition(".")[0]) for line in lines)
    return {(Kind(kind), int(line.subject_id)): line.subject_name for line, kind in kinds if kind in _KINDS}


def _is_live(name: str, status: LiveStatus) -> bool:
    if status.state is State.REFUSED:
        reason = status.problem or next((one.reason for one in status.refused), "")
        raise NotLive(_("Applied, and a gateway refuses %(name)s: %(reason)s") % {"name": name, "reason": reason})
    if status.state is State.NOWHERE:
        raise NotLive(_("Applied, and no gateway is connected."))
    return status.state is State.LIVE
