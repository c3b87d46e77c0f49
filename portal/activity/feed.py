"""Following the activity log as the feed of changes, also through a database that has gone back: restored, copied over, failed over.

Numbers of lines do not tell that: what was changed after the restore soon has the numbers that others had before. So a follower keeps
moment and link of the line it stands at, too, and the epoch of the database, which every restore changes. Where that line was trimmed,
the line of the trimming tells its link: whoever had read exactly so far has missed nothing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, Q, QuerySet

from portal.models import Activity, Event, Installation

# What tells that there may be no API at all: one was deleted, or somebody has put another state in place on purpose.
_MAY_BE_EMPTY = (Event.API_DELETED, Event.DATABASE_RESTORED, Event.DATABASE_BEGUN)


class WentBack(Exception):
    """The feed is not the one that was followed: what was read of it no longer holds."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a follower stands.

    :ivar line: the newest line that it has taken in; 0: none
    :ivar at: the moment of that line
    :ivar link: which chains it to those before it
    """

    epoch: uuid.UUID
    line: int
    at: datetime | None = None
    link: str = ""

    def after(self, line: Activity) -> Position:
        """Return the position of whoever has taken in *line*, too."""
        return Position(self.epoch, line.id, line.at, line.link)


def installation() -> Installation:
    """Return what this database says of itself; the first that asks makes it."""
    return Installation.objects.get_or_create(only=True)[0]


def here() -> Position:
    """Return the position of whoever has taken in everything there is."""
    epoch = installation().epoch
    line = Activity.objects.order_by("-id").values_list("id", "at", "link").first()
    return Position(epoch, *(line or (0,)))


def last_line() -> int:
    """Return the number of the newest line, 0 if there is none."""
    return Activity.objects.order_by("-id").values_list("id", flat=True).first() or 0


def lines_after(position: Position) -> list[Activity]:
    """Return the lines after *position*, oldest first. None is ever missed: they become visible in order.

    :raises WentBack: if the database is another one by now, or an earlier state of it, or some of these lines were trimmed
    """
    # One query, so that lines and epoch are of the same state.
    same_epoch = Exists(Installation.objects.filter(epoch=position.epoch))
    lines = list(Activity.objects.filter(same_epoch, id__gte=position.line).order_by("id"))
    if not lines:
        if position.line or not Installation.objects.filter(epoch=position.epoch).exists():
            raise WentBack
        return []
    if (lines[0].id, lines[0].at, lines[0].link) == (position.line, position.at, position.link):
        return lines[1:]
    if position.line == 0 and not any(line.event == Event.LOG_TRIMMED for line in lines):
        return lines
    if not _trimmed_up_to(position, lines):
        raise WentBack
    return lines


def may_be_empty() -> bool:
    """Return whether the log tells why there is no API, if there is none."""
    return tells_why_empty(Activity.objects.all())


def tells_why_empty(lines: QuerySet[Activity]) -> bool:
    """Return whether one of *lines* tells why there may be no API at all, or that such a line was trimmed."""
    trimmed = Q(event=Event.LOG_TRIMMED, details__may_be_empty=True)  # as portal.activity.trimming notes it
    return lines.filter(Q(event__in=_MAY_BE_EMPTY) | trimmed).exists()


def _trimmed_up_to(position: Position, lines: list[Activity]) -> bool:
    """Return whether the line at *position* is the last of those that were trimmed, so that *lines* are all after it."""
    trimmings = [line for line in lines if line.event == Event.LOG_TRIMMED]
    last = trimmings[-1] if trimmings else None
    return last is not None and (last.subject_id, last.details.get("link")) == (str(position.line), position.link)
