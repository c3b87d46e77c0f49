"""The thread that brings entries and texts of trusted authorities together again, after a process of the release before has written."""

from __future__ import annotations

import threading
import time

from django.utils import timezone

from apis.trust import adopt
from certificates.rollout.keeper import keep_on

_EVERY_SECONDS = 60.0


class AuthorityAdopter:
    """The thread, of the xDS process."""

    def __init__(self) -> None:
        """Begin with a look."""
        self._looked = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop*."""
        keep_on(stop, self.step)

    def step(self) -> bool:
        """Look, if it is time; return false, as there is no more."""
        if time.monotonic() - self._looked > _EVERY_SECONDS:
            self._looked = time.monotonic()
            adopt(now=timezone.now())
        return False
