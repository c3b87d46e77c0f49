"""Rooms above that add to what REST and files speak of: they join when that is first asked for. To import it all is a fifth of a start."""

from __future__ import annotations

import threading
from collections.abc import Callable

_waiting: list[Callable[[], None]] = []
_joining = threading.RLock()  # what a room adds may ask for what is there


def join_later(join: Callable[[], None]) -> None:
    """Have *join* add what a room has before anybody asks. Called once for each room, by its app."""
    _waiting.append(join)


def complete() -> None:
    """Let those join that have not."""
    with _joining:
        while _waiting:
            join = _waiting.pop(0)
            try:
                join()
            except BaseException:
                _waiting.insert(0, join)  # or files and addresses would go on without what it adds, and nobody would hear
                raise
