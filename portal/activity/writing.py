"""Writing lines: in the transaction of the change, one writer at a time, each line sealed and chained to the one before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from django.db import connection, transaction

from portal.activity import acting, chain
from portal.activity.keys import keys
from portal.change_signal import CHANNEL
from portal.models import Activity, ActivityHead, ActivityName, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# Writers of the log take this PostgreSQL advisory lock until they commit, so that lines become visible in order.
_LOCK = 0x706F7274616C
_BATCH = 1000


class Subject(Protocol):
    """What a line can be about."""

    @property
    def pk(self) -> Any: ...  # noqa: D102
    @property
    def name(self) -> Any: ...  # noqa: D102


def record(
    event: Event,
    subject: Subject,
    /,
    *,
    by: User | None,
    at: datetime,
    changes: dict[str, Any] | None = None,
    **details: str | int | bool | list[str] | None,
) -> Activity:
    """Write one line, inside the caller's transaction.

    :param by: who did it; ``None`` for the system itself (a command)
    :param changes: values before and after, as :func:`portal.activity.differences` returns them
    :param details: plain facts for the reader; never a secret
    """
    line = line_of(event, subject, by=by, at=at, changes=changes, **details)
    write([line])
    return line


def line_of(
    event: Event,
    subject: Subject,
    /,
    *,
    by: User | None,
    at: datetime,
    changes: dict[str, Any] | None = None,
    **details: str | int | bool | list[str] | None,
) -> Activity:
    """Return one line, as :func:`record` writes it, for :func:`write`: many that belong together are written at once."""
    return Activity(
        at=at,
        actor=by,
        actor_name=by.get_username() if by else "",
        through=acting.current() if by else {},
        event=event,
        subject_id=str(subject.pk),
        subject_name=str(subject.name),
        details=details,
        changes=changes or {},
    )


def write(lines: Iterable[Activity]) -> None:
    """Store *lines* after all that are there: numbered, sealed and chained."""
    with transaction.atomic(savepoint=False):
        wait_for_other_writers()
        key, *others = keys()
        head = newest_head([key, *others])
        batch: list[Activity] = []
        for line in lines:
            head = _chain(line, after=head, key=key)
            batch.append(line)
            if len(batch) == _BATCH:
                _store(batch)
                batch.clear()
        _store(batch)
        head.seal = chain.head_of(key, head.line, head.link)
        ActivityHead.objects.bulk_create([head], update_conflicts=True, unique_fields=["id"], update_fields=["line", "link", "seal"])


def newest_head(among: Iterable[bytes]) -> ActivityHead:
    """Return the head, if one of the keys has sealed it. Else one after which no line's link is right: something was tampered with.

    The log goes on all the same; ``activity verify`` tells of it for ever.
    """
    head = ActivityHead.objects.first()
    newest = Activity.objects.order_by("-id").values_list("id", flat=True).first()
    if head and any(chain.same(head.seal, chain.head_of(key, head.line, head.link)) for key in among) and (newest or 0) <= head.line:
        return head
    if head is None and newest is None:
        return ActivityHead(line=0, link=chain.BEGINNING)
    return ActivityHead(line=max(newest or 0, head.line if head else 0), link=chain.LOST)


def wait_for_other_writers() -> None:
    """Keep other writers waiting from now until the transaction ends, which is when lines are seen."""
    if connection.vendor == "postgresql":  # SQLite has one writer at a time
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])  # delivered at commit


def _store(lines: list[Activity]) -> None:
    Activity.objects.bulk_create(lines)
    names = sorted({(line.kind, line.subject_name) for line in lines})
    ActivityName.objects.bulk_create([ActivityName(kind=kind, name=name) for kind, name in names], ignore_conflicts=True)


def _chain(line: Activity, *, after: ActivityHead, key: bytes) -> ActivityHead:
    """Make *line* the next one; return the new head."""
    line.id = after.line + 1
    line.kind = line.event.partition(".")[0]
    line.seal = chain.seal_of(key, vars(line))
    line.link = chain.link_of(key, after.link, line.seal)
    return ActivityHead(line=line.id, link=line.link)
