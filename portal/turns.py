"""Turns at what costs much: few at once, few who wait for them, and nobody for long. [pure]"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Busy(Exception):
    """There was no turn to be had.

    :ivar seconds: after how many it is worth another try
    """

    def __init__(self, *, seconds: int = 5) -> None:
        """Hold when to come again."""
        super().__init__(f"Too much of this is being done just now. Try again in {seconds} seconds.")
        self.seconds = seconds


class Turns:
    """The turns of one process at one kind of work."""

    def __init__(self, *, at_once: int, waiting: int, seconds: float) -> None:
        """Let *at_once* work and as many as *waiting*, each of whom holds a thread of the server, wait for up to *seconds*."""
        self._turns = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._seconds = seconds

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it.

        :raises Busy: if the queue is full, or does not move on
        """
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            if not self._turns.acquire(timeout=self._seconds):
                raise Busy
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()
