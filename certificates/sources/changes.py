"""Waits until something changes in folders: at once where the kernel tells (inotify, Linux), else until it is time to look again."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inotify_simple import INotify

_WITHOUT_SECONDS = 0.5


class Changes:
    """Use it from one thread."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._kernel: INotify | None = None
        self._watched: set[int] = set()
        if sys.platform == "linux":
            from inotify_simple import INotify  # only there is it installed

            with contextlib.suppress(OSError):  # too many of this user
                self._kernel = INotify()

    def watch(self, folders: Iterable[Path]) -> None:
        """Watch exactly these from now on; one that is gone meanwhile is left out."""
        if self._kernel is None:
            return
        from inotify_simple import flags

        told = flags.CREATE | flags.CLOSE_WRITE | flags.MOVED_TO | flags.MOVED_FROM | flags.DELETE | flags.DELETE_SELF | flags.ATTRIB
        wanted = set()
        for folder in folders:
            with contextlib.suppress(OSError):  # gone, closed to us, or too many: it is looked at from time to time
                wanted.add(self._kernel.add_watch(folder, told))
        for other in self._watched - wanted:
            with contextlib.suppress(OSError):  # it ended with its folder
                self._kernel.rm_watch(other)
        self._watched = wanted

    def wait(self, seconds: float) -> bool:
        """Return true as soon as something has changed, false after *seconds*."""
        if self._kernel is None:
            time.sleep(min(seconds, _WITHOUT_SECONDS))
            return True
        return any(event.wd in self._watched for event in self._kernel.read(timeout=round(seconds * 1000)))

    def close(self) -> None:
        """Watch no longer."""
        if self._kernel:
            self._kernel.close()
