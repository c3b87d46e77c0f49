"""Wakes whoever follows the activity log as soon as somebody has committed.

PostgreSQL notifies. SQLite does not: ``PRAGMA data_version`` tells whether somebody else has committed, and the kernel (inotify,
Linux) when asking is worthwhile, because the database's files have been written. Elsewhere the pragma is polled.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from django.db import OperationalError, connection

if TYPE_CHECKING:
    from inotify_simple import INotify

CHANNEL = "portal_activity"
_POLL_SECONDS = 0.003  # without inotify
_REST_SECONDS = 0.05  # with it, in case it stays silent: not every file system tells of every write
_CLOSELY_SECONDS = 0.0005
_CLOSELY_FOR_SECONDS = 0.02


class ChangeSignal:
    """Rings at every commit of somebody else's. Use it from one thread, which then owns the connection."""

    def __init__(self) -> None:
        """Start listening; commits from now on ring."""
        self._writes: INotify | None = None
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            return
        self._file = Path(connection.settings_dict["NAME"])
        self._writes = _writes_beside(self._file)
        self._closely_until = 0.0
        self._version = self._data_version()

    def __enter__(self) -> Self:
        """Listen until the block is left."""
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no longer."""
        if self._writes:
            self._writes.close()

    def wait(self, seconds: float) -> bool:
        """Return true as soon as something was committed, false after *seconds* without.

        :raises django.db.DatabaseError: if the connection is lost, or SQLite's file was lost or replaced
        """
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors:  # straight from the driver, like all that Django does not know
                return any(True for _ in connection.connection.notifies(timeout=seconds, stop_after=1))
        if not connection.is_usable():
            raise OperationalError(f"{self._file} was lost or replaced.")
        deadline = time.monotonic() + seconds
        while (version := self._data_version()) == self._version:
            if (left := deadline - time.monotonic()) <= 0:
                return False
            self._pause(left)
        self._version = version
        return True

    def _pause(self, longest: float) -> None:
        """Wait until it is worthwhile to look again."""
        if self._writes is None:
            time.sleep(_POLL_SECONDS)
        elif time.monotonic() < self._closely_until:
            time.sleep(_CLOSELY_SECONDS)
        elif self._was_written(self._writes, min(longest, _REST_SECONDS)):
            # The last step of a commit, by which others see it, is in shared memory, of which nobody tells.
            self._closely_until = time.monotonic() + _CLOSELY_FOR_SECONDS

    def _was_written(self, writes: INotify, seconds: float) -> bool:
        events = list(writes.read(timeout=round(seconds * 1000)))
        return any(event.name.startswith(self._file.name) for event in events)  # its journals have longer names

    def _data_version(self) -> int:
        connection.ensure_connection()
        with connection.wrap_database_errors:
            # Straight to the driver: a cursor of Django's costs ten times what the answer does.
            return int(connection.connection.execute("PRAGMA data_version").fetchone()[0])


def _writes_beside(file: Path) -> INotify | None:
    """Return what tells of writes to files in the folder of *file*, ``None`` where nothing does."""
    if sys.platform != "linux":
        return None
    from inotify_simple import INotify, flags  # only there is it installed

    with contextlib.ExitStack() as stack, contextlib.suppress(OSError):  # too many watches, or a database that is no file
        writes = stack.enter_context(INotify())
        writes.add_watch(file.parent, flags.MODIFY)
        stack.pop_all()
        return writes
    return None
