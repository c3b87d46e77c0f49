"""Threads that must not end before their process: where one does, the process ends, to be started again. [pure]

A thread that dies takes its work with it and leaves a process that looks well. Whatever kept it from going on (a bug, memory, a state
nobody has thought of) is over soonest in a new process.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

_END_SECONDS = 10.0  # within which a process that was asked to end must have ended
FAILED = 70  # its exit code if it has not: EX_SOFTWARE of sysexits.h


class WatchedThreads:
    """Starts threads and watches them until it is told that they may end."""

    def __init__(self, end: Callable[[], object]) -> None:
        """Begin without threads.

        :param end: has the process end; called in the thread that has ended
        """
        self._end = end
        self._may_end = threading.Event()
        self.ended: str | None = None  # the first that has ended too early

    def start(self, name: str, run: Callable[[], None]) -> threading.Thread:
        """Run *run* in a thread called *name*."""
        thread = threading.Thread(target=self._run, args=[name, run], name=name, daemon=True)
        thread.start()
        return thread

    def let_end(self) -> None:
        """Take the end of threads for what it should be from now on."""
        self._may_end.set()

    def _run(self, name: str, run: Callable[[], None]) -> None:
        try:
            run()
        finally:  # not only after an exception, which the interpreter prints: a thread that simply returns is gone as well
            if not self._may_end.is_set():
                self._end_process(name)

    def _end_process(self, name: str) -> None:
        log.critical("The thread %s has ended, so this process ends and has to be started again.", name)
        self.ended = self.ended or name
        last = threading.Timer(_END_SECONDS, os._exit, args=[FAILED])
        last.daemon = True
        last.start()
        self._end()
