"""Which Envoys run beside the agent, as their supervisor has written down: what is live, is live on all of them. [pure]

While one Envoy replaces another both answer calls. After the agent was started again one of them may be back before the other: until that
one is there, too, what was changed is not answered for. An Envoy looks for its agent every few seconds; one that has not found it for much
longer is not waited for, so that nothing keeps a gateway from answering for ever.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

FILE = "gateway-envoys"
_PATIENCE_SECONDS = 30.0  # for which one that runs is waited for


def write_down(home: Path, envoys: Iterable[tuple[int, str]]) -> None:
    """Write down the process ids of the Envoys that run, the newest last, and what each gives as its zone.

    :raises OSError: if the disk does not take it
    """
    beside = home / f"{FILE}.new"
    beside.write_text("".join(f"{process} {zone}\n" for process, zone in envoys), encoding="ascii")
    beside.replace(home / FILE)


class Envoys:
    """Those that run, and those of them that hold a stream."""

    def __init__(self, home: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any stream."""
        self._file = home / FILE
        self._clock = clock
        self._streams: Counter[str] = Counter()  # by zone
        self._missed: dict[str, float] = {}  # since when

    @property
    def streams(self) -> int:
        """How many streams there are."""
        return self._streams.total()

    def came(self, zone: str) -> None:
        """Take in that one has a stream."""
        self._streams[zone] += 1
        self._missed.pop(zone, None)

    def left(self, zone: str) -> None:
        """Take in that a stream has ended."""
        self._streams[zone] -= 1

    def are_all_here(self) -> bool:
        """Return whether each Envoy that answers calls holds a stream; to be asked again and again while it does not."""
        now = self._clock()
        self._missed = {zone: self._missed.get(zone, now) for zone in self._running() if not self._streams[zone]}
        return all(now - since >= _PATIENCE_SECONDS for since in self._missed.values())

    def _running(self) -> list[str]:
        try:
            lines = self._file.read_text(encoding="ascii").splitlines()
        except (OSError, ValueError):  # nothing was written down: whoever has a stream is all there is
            return []
        return [zone for process, _, zone in (line.partition(" ") for line in lines) if _is_alive(process)]


def _is_alive(process: str) -> bool:
    """Return whether there is such a process; what was written down may be older than its end."""
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:  # somebody else's
        return False
    return True
