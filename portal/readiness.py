"""Whether what a process needs is there, part by part, told without ever making the asker wait for long. [pure]

Each part is looked at by a thread of its own: a database that accepts and never answers, or a disk that hangs, holds up nobody but
that look, and says enough by doing so.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portal import __version__

Look = Callable[[], str]  # returns what is wrong, in a sentence without secrets, for anybody may ask; empty: nothing

PATIENCE_SECONDS = 2.0  # for all looks together
_FRESH_SECONDS = 0.5  # for so long an answer counts, however many ask


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    :ivar reasons: by part, what is wrong with it; empty: nothing
    """

    reasons: Mapping[str, str]

    @property
    def ready(self) -> bool:
        """Whether all parts are well."""
        return not any(self.reasons.values())

    def as_json(self) -> dict[str, Any]:
        """Return it as ``/readyz`` answers it."""
        wrong = {part: reason for part, reason in self.reasons.items() if reason}
        parts = {part: not reason for part, reason in self.reasons.items()}
        answer: dict[str, Any] = {"ready": self.ready, "version": __version__, "parts": parts}
        return answer | ({"reasons": wrong} if wrong else {})


def turning(loop: asyncio.AbstractEventLoop) -> Look:
    """Return what tells whether *loop*, which serves streams, gets to what it has to do."""

    def look() -> str:
        turned = threading.Event()
        loop.call_soon_threadsafe(turned.set)
        return "" if turned.wait(PATIENCE_SECONDS) else "The streams stand still."

    return look


class Readiness:
    """The parts of one process."""

    def __init__(self, looks: Mapping[str, Look]) -> None:
        """Take how to look at each part."""
        self._parts = {name: _Part(name, look) for name, look in looks.items()}

    def report(self) -> Report:
        """Look at all parts, at the same time."""
        for part in self._parts.values():
            part.begin()
        return Report({name: part.reason() for name, part in self._parts.items()})


class _Part:
    """One part, and what was found last."""

    def __init__(self, name: str, look: Look) -> None:
        self._name = name
        self._look = look
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._done.set()
        self._began = float("-inf")
        self._reason = ""

    def begin(self) -> None:
        """Look again, unless somebody looks just now or has lately."""
        with self._lock:
            if not self._done.is_set() or time.monotonic() - self._began < _FRESH_SECONDS:
                return
            self._done.clear()
            self._began = time.monotonic()
        threading.Thread(target=self._see, name=f"readiness-{self._name}", daemon=True).start()

    def reason(self) -> str:
        """Return what was found; a look that does not end in time has found enough."""
        if self._done.wait(max(0.0, self._began + PATIENCE_SECONDS - time.monotonic())):
            return self._reason
        return f"The {self._name} does not answer in time."

    def _see(self) -> None:
        self._reason = self._look()
        self._done.set()
