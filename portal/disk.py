"""Whether what a process writes finds room in its folder. [pure]"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

_LEAST_FREE = 16 * 1024 * 1024  # bytes; a change of many APIs with its log takes a few of them


class Lack(StrEnum):
    """What is wrong with a folder, in a sentence."""

    GONE = "The folder that holds everything is not there."
    FULL = "The disk is full."
    CLOSED = "The folder that holds everything cannot be written."


def lack_of(folder: Path) -> Lack | None:
    """Return what keeps this process from writing into *folder*; ``None``: nothing does."""
    try:
        room = os.statvfs(folder)
    except OSError:
        return Lack.GONE
    if room.f_bavail * room.f_frsize < _LEAST_FREE:
        return Lack.FULL
    return None if os.access(folder, os.W_OK | os.X_OK) else Lack.CLOSED
