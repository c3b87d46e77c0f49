"""Writing the activity log, and reading it as the feed of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from django.db import connection

from portal.change_signal import CHANNEL
from portal.models import Activity, Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

# Writers of the log take this PostgreSQL advisory lock until they commit, so that ids become visible in order.
_LOCK = 0x706F7274616C

PERSONAL_KINDS = ("people", "sign-in")


class Subject(Protocol):
    """What a line can be about."""

    @property
    def pk(self) -> Any: ...  # noqa: D102
    @property
    def name(self) -> Any: ...  # noqa: D102


def record(event: Event, subject: Subject, /, *, by: User | None, at: datetime, **details: str | int | bool | list[str] | None) -> Activity:
    """Write one line, inside the caller's transaction.

    :param by: who did it; ``None`` for the system itself (a command)
    :param details: plain facts for the reader; never a secret
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])  # delivered at commit
    return Activity.objects.create(
        at=at,
        actor=by,
        actor_name=by.get_username() if by else "",
        event=event,
        subject_id=str(subject.pk),
        subject_name=str(subject.name),
        details=details,
    )


def lines_for(reader: User) -> QuerySet[Activity]:
    """Return the lines that *reader* may read: those about people and their signing in are for whoever manages people."""
    lines = Activity.objects.all()
    if reader.has_perm("auth.view_user"):
        return lines
    for kind in PERSONAL_KINDS:
        lines = lines.exclude(event__startswith=f"{kind}.")
    return lines


def last_line() -> int:
    """Return the id of the newest line, 0 if there is none."""
    return Activity.objects.order_by("-id").values_list("id", flat=True).first() or 0


def lines_after(line: int) -> list[Activity]:
    """Return the lines after *line*, oldest first. None is ever missed: ids become visible in order."""
    return list(Activity.objects.filter(id__gt=line).order_by("id"))
