"""The thread that sends what is due. It runs in every xDS process; what is told is told by one of them."""

from __future__ import annotations

import logging
import threading
import time

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from notices.looking import look_around
from notices.sending import send_due

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 60.0
_LOOK_AROUND_SECONDS = 60.0


class NoticeKeeper:
    """Sends notices, and looks at what back ends present."""

    def __init__(self) -> None:
        """Begin; around is looked only after a while, when a start is over."""
        self._looked = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop*; while the database is away, try again ever more slowly."""
        pause = 0.0
        while not stop.wait(pause):
            try:
                self.step(stop)
            except DatabaseError as error:
                log.warning("Notices wait for the database: %s", error)
                pause = min(pause * 2 or 1.0, _LONGEST_PAUSE)
            else:
                pause = max(settings.NOTICES_SECONDS, 1)
            finally:
                connection.close()  # nothing is asked until the next time

    def step(self, stop: threading.Event) -> None:
        """Do once what is to be done, until *stop*: first what people wait for."""
        send_due(now=timezone.now(), going=lambda: not stop.is_set())
        if time.monotonic() - self._looked > _LOOK_AROUND_SECONDS and not look_around(now=timezone.now()):
            self._looked = time.monotonic()
