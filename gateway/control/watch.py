"""Follows the activity log and hands on what its lines amount to. In a thread of its own; survives a database that goes away."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, connection

from gateway.control.snapshot import Snapshot
from gateway.streams.cache import Update
from portal.activity import last_line, lines_after, trimmed_beyond
from portal.change_signal import ChangeSignal

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5  # how often to look without a signal, and for a request to stop
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


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
        self._loaded = False

    def run(self, stop: threading.Event) -> None:
        """Follow until *stop*; while the database is away, try again ever more slowly."""
        pause = _FIRST_PAUSE
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._follow(stop)
            except DatabaseError as error:
                connection.close()
                if time.monotonic() - began > _LONGEST_PAUSE:
                    pause = _FIRST_PAUSE
                log.warning("The database does not answer; gateways keep what they have. Next try in %.1f s: %s", pause, error)
                stop.wait(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads processes
                pause = min(pause * 2, _LONGEST_PAUSE)
        connection.close()

    def _follow(self, stop: threading.Event) -> None:
        with ChangeSignal() as change_signal:
            self._catch_up()
            while not stop.is_set():
                if lines := lines_after(self._snapshot.line):
                    missed = trimmed_beyond(self._snapshot.line, lines)
                    self._deliver(self._snapshot.load() if missed else self._snapshot.follow(lines))
                    if any(line.kind == "gateway" for line in lines):
                        self._gateways_changed()
                elif learned := self._snapshot.learn():
                    self._deliver(learned)
                else:
                    self._ask()
                    change_signal.wait(_LOOK_SECONDS)

    def _catch_up(self) -> None:
        """Read everything at first, and when another database has come into its place."""
        update = None
        if not self._loaded or last_line() < self._snapshot.line:
            began = time.monotonic()
            update = self._snapshot.load()
            self._loaded = True
            log.info("Compiled %d resources in %.1f s, up to change %d.", len(update.resources), time.monotonic() - began, update.line)
        self._gateways_changed()  # after the line has been read from which we follow: whoever is enrolled later has a line of their own
        if update:
            self._deliver(update)
