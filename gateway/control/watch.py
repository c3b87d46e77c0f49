"""Follows the activity log and hands on what its lines amount to. In a thread of its own; survives a database that goes away."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from django.db import DatabaseError, connection

from gateway.control.snapshot import Snapshot
from gateway.streams.cache import Update
from portal.activity import feed
from portal.change_signal import ChangeSignal
from portal.models import Activity

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5  # how often to look without a signal, and for a request to stop
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_LATE_SECONDS = 10.0  # after which a watch that has not looked is not ready; one step may take some seconds
BARE = (
    "The database holds no API, and nothing in it tells that any was deleted. Gateways that have some keep them. "
    "If DATABASE_URL or a mount is wrong, mend it; else put a backup back, or run `manage.py setup --new-database`."
)


class EmptiedDatabase(Exception):
    """All APIs are gone at once, and the log does not tell why."""


class Watch:
    """The thread that reads and compiles."""

    def __init__(
        self, snapshot: Snapshot, deliver: Callable[[Update], None], gateways_changed: Callable[[], None], ask: Callable[[], None]
    ) -> None:
        """Take the snapshot to keep up to date.

        :param deliver: takes each update; called in this thread
        :param gateways_changed: called in this thread at first and when gateways were enrolled or removed
        :param ask: called in this thread after each commit, once the gateways have what it changes: hands on what they are asked
        """
        self._snapshot = snapshot
        self._deliver = deliver
        self._gateways_changed = gateways_changed
        self._ask = ask
        self._position: feed.Position | None = None
        self._has_served = False  # an API
        self._suspect = True
        self._looked = float("-inf")
        self._trouble = "Nothing was read from the database yet."

    def trouble(self) -> str:
        """Return why changes do not reach the gateways, in a sentence; empty if they do. May be called by any thread."""
        if self._trouble:
            return self._trouble
        return "The activity log is not being followed." if time.monotonic() - self._looked > _LATE_SECONDS else ""

    def run(self, stop: threading.Event) -> None:
        """Follow until *stop*; while the database is away, try again ever more slowly."""
        pause = _FIRST_PAUSE
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._follow(stop)
            except (DatabaseError, EmptiedDatabase) as error:
                connection.close()
                if time.monotonic() - began > _LONGEST_PAUSE:
                    pause = _FIRST_PAUSE
                self._say(error, pause)
                stop.wait(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads processes
                pause = min(pause * 2, _LONGEST_PAUSE)
        connection.close()

    def _say(self, error: Exception, pause: float) -> None:
        if isinstance(error, EmptiedDatabase):
            self._trouble = BARE
            log.error("%s", BARE)
            return
        self._trouble = "The database does not answer."
        log.warning("The database does not answer; gateways keep what they have. Next try in %.1f s: %s", pause, error)

    def _follow(self, stop: threading.Event) -> None:
        with ChangeSignal() as change_signal:
            position = self._position or self._load()
            self._gateways_changed()
            while not stop.is_set():
                try:
                    lines = feed.lines_after(position)
                except feed.WentBack:
                    log.warning("The database is not in the state that was followed; everything is read anew.")
                    position = self._load()
                    self._gateways_changed()
                    continue
                self._looked, self._trouble = time.monotonic(), ""
                if lines:
                    self._deliver(self._followed(lines))
                    self._position = position = position.after(lines[-1])
                    self._has_served |= not self._snapshot.is_bare
                    if any(line.kind == "gateway" for line in lines):
                        self._gateways_changed()
                elif learned := self._snapshot.learn():
                    self._deliver(learned)
                else:
                    self._ask()
                    change_signal.wait(_LOOK_SECONDS)

    def _followed(self, lines: list[Activity]) -> Update:
        """Return what *lines* change.

        :raises EmptiedDatabase: if that would take all APIs away without a reason: the database was emptied after the lines were read
        """
        update = self._judged(self._snapshot.follow(lines))
        if self._has_served and self._snapshot.is_bare and not feed.may_be_empty():
            self._position = None
            raise EmptiedDatabase
        return update

    def _judged(self, update: Update) -> Update:
        """Return *update* with the word whether it may empty a gateway; once it may, it always may."""
        self._suspect = self._suspect and self._snapshot.is_bare and not feed.may_be_empty()
        return replace(update, suspect=self._suspect)

    def _load(self) -> feed.Position:
        """Read everything, at first and when the database has another state.

        :raises EmptiedDatabase: if that would take all APIs away without a reason
        """
        began = time.monotonic()
        self._position = None  # what is half read is read again
        position = feed.here()
        update = self._snapshot.load(position.line)
        self._suspect = True
        update = self._judged(update)
        if self._suspect and self._has_served:
            raise EmptiedDatabase
        log.info("Compiled %d resources in %.1f s, up to change %d.", len(update.resources), time.monotonic() - began, update.line)
        self._gateways_changed()  # whoever is enrolled later than the position has a line of their own
        self._deliver(update)
        self._position = position
        self._has_served = not self._snapshot.is_bare
        return position
