"""What time it is for all who share the database: one machine's clock is not compared with another's."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.utils import timezone


def shared(now: datetime) -> datetime:
    """Return *now*, a moment by this machine's clock, by the clock of the database's server, to compare it with what another has written.

    :raises django.db.DatabaseError: if the database does not answer
    """
    return now + (shared_now() - timezone.now()) if connection.vendor == "postgresql" else now


def shared_now() -> datetime:
    """Return the moment by the clock of the database's server; SQLite's database is on this machine.

    For what processes of several machines hold in turn. What people read, or plan, goes by the machine's own clock.

    :raises django.db.DatabaseError: if the database does not answer
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")  # now() would be when the transaction began
        (moment,) = cursor.fetchone()
    assert isinstance(moment, datetime)  # noqa: S101 - the type of that column
    return moment
