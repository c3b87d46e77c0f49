"""Following the activity log as the feed of changes, also through a database that has gone back: restored, copied over, failed over.

Numbers of lines do not tell that: what was changed after the restore soon has the numbers that others had before. So a follower keeps
the moment of the line it stands at, too, and the epoch of the database, which every restore changes.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Subquery, UUIDField

from portal.models import Activity, Installation

# What tells that there may be no API at all: one was deleted, or somebody has put another state in place on purpose.
_MAY_BE_EMPTY = ("api.deleted", "database.restored", "database.begun")


class WentBack(Exception):
    """The feed is not the one that was followed: what was read of it no longer holds."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a follower stands.

    :ivar line: the newest line that it has taken in; 0: none
    :ivar at: the moment of that line
    """

    epoch: uuid.UUID
    line: int
    at: datetime | None

    def after(self, line: Activity) -> Position:
        """Return the position of whoever has taken in *line*, too."""
        return Position(self.epoch, line.id, line.at)


def installation() -> Installation:
    """Return what this database says of itself; the first that asks makes it."""
    return Installation.objects.get_or_create(only=True)[0]


def here() -> Position:
    """Return the position of whoever has taken in everything there is."""
    epoch = installation().epoch
    line = Activity.objects.order_by("-id").values_list("id", "at").first()
    return Position(epoch, *(line or (0, None)))


def lines_after(position: Position) -> list[Activity]:
    """Return the lines after *position*, oldest first. None is ever missed: ids become visible in order.

    :raises WentBack: if the database is another one by now, or an earlier state of it
    """
    if position.line == 0:
        if not Installation.objects.filter(epoch=position.epoch).exists():
            raise WentBack
        return list(Activity.objects.order_by("id"))
    epoch = Subquery(Installation.objects.filter(only=True).values("epoch")[:1], output_field=UUIDField())
    lines = list(Activity.objects.filter(id__gte=position.line).annotate(epoch=epoch).order_by("id"))
    if not lines or (lines[0].epoch, lines[0].id, lines[0].at) != (position.epoch, position.line, position.at):
        raise WentBack
    return [*lines[1:]]


def may_be_empty() -> bool:
    """Return whether the log tells why there is no API, if there is none."""
    return Activity.objects.filter(event__in=_MAY_BE_EMPTY).exists()
