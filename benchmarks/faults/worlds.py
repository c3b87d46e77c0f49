"""What a portal stands on while something breaks: a disk that has little room, a clock that jumps."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_LONG = struct.Struct("l")
_PIECE = 64 * 1024


class Disk:
    """A small disk: a file system of its own, in memory."""

    def __init__(self, folder: Path) -> None:
        """Take the folder where it is mounted."""
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no room, not even for what is yet to be written of open files."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (_PIECE, 512, 1):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def clear(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Disk]:
    """Mount a small disk at *folder*, which is made. Needs root."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", folder], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class Clock:
    """The clock of the processes that are started in its environment; what measures time (CLOCK_MONOTONIC) goes on."""

    def __init__(self, folder: Path) -> None:
        """Begin with the real one. What moves it is built in *folder*."""
        self._ahead, self._library = folder / "ahead", folder / "clock.so"
        subprocess.run([_compiler(), "-O2", "-shared", "-fPIC", "-o", self._library, Path(__file__).with_name("clock.c")], check=True)
        self._ahead.write_bytes(bytes(_LONG.size))

    def jump(self, seconds: int) -> None:
        """Be so much ahead of the real one, at once and for all processes: they have the file in their memory."""
        with self._ahead.open("r+b", buffering=0) as file:
            file.write(_LONG.pack(seconds))

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a process go by it."""
        return {"LD_PRELOAD": str(self._library), "AHEAD_FILE": str(self._ahead)}


def has_fake_clock() -> bool:
    """Return whether clocks can jump here: there is a C compiler."""
    return bool(_compiler())


def may_mount() -> bool:
    """Return whether this process may mount a small disk."""
    return os.geteuid() == 0


def _compiler() -> str:
    return shutil.which("cc") or ""
