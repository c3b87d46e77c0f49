"""Reading files below the folders that may be watched: links are followed, but not out of them.

A path is first opened without access to anything (``O_PATH``); then the kernel says where that has led, and only what lies below one of
the folders is read. So a link that changes between a look and the reading leads nowhere else. Where the system has no ``O_PATH`` (macOS),
where a path leads is looked up before.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from certificates.pfx import MOST_BYTES
from certificates.sources.trouble import Trouble, Why

_HAS_O_PATH = hasattr(os, "O_PATH")


def read(path: Path, folders: Sequence[Path]) -> bytes:
    """Return the content of a file, and a little more than a certificate file may hold at most.

    :raises Trouble: if it is not there, no file, not readable, or leads out of *folders*
    """
    with _opened(path, folders) as found:
        if not stat.S_ISREG(os.fstat(found).st_mode):
            raise Trouble(why=Why.NO_FILE, path=str(path))
        with _telling(path), os.fdopen(os.open(_again(found, path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return file.read(MOST_BYTES + 1)


def names_in(path: Path, folders: Sequence[Path]) -> list[str] | None:
    """Return the names in a folder, sorted; ``None`` if it is a file.

    :raises Trouble: if it is not there, not readable, or leads out of *folders*
    """
    with _opened(path, folders) as found:
        if not stat.S_ISDIR(os.fstat(found).st_mode):
            return None
        with _telling(path):
            return sorted(entry.name for entry in Path(_again(found, path)).iterdir())


def leads_below(path: Path, folders: Sequence[Path]) -> bool:
    """Tell whether *path*, as it is written, lies below one of *folders*, or is one."""
    written = Path(os.path.normpath(path))
    return any(written.is_relative_to(root) for folder in folders for root in (folder, _real(folder)))


def _real(path: Path) -> Path:
    """Return where *path* leads; of links that lead in a circle itself."""
    return Path(os.path.realpath(path))


@contextlib.contextmanager
def _opened(path: Path, folders: Sequence[Path]) -> Iterator[int]:
    shown = ", ".join(map(str, folders))
    if not path.is_absolute():
        raise Trouble(why=Why.NOT_WHOLE, path=str(path))
    if not leads_below(path, folders):
        raise Trouble(why=Why.NOT_BELOW, path=str(path), detail=shown)
    with _telling(path):
        found = os.open(path, os.O_PATH | os.O_CLOEXEC) if _HAS_O_PATH else os.open(os.path.realpath(path), os.O_RDONLY | os.O_NONBLOCK)
    try:
        real = Path(f"/proc/self/fd/{found}").readlink() if _HAS_O_PATH else _real(path)
        if not any(real.is_relative_to(_real(folder)) for folder in folders):
            raise Trouble(why=Why.LEADS_OUT, path=str(path), detail=shown)
        yield found
    finally:
        os.close(found)


def _again(found: int, path: Path) -> str:
    """Return by what name the very thing that was found is opened for reading."""
    return f"/proc/self/fd/{found}" if _HAS_O_PATH else os.path.realpath(path)


@contextlib.contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Say what the system has against reading *path*."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise Trouble(why=Why.NOT_THERE, path=str(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in it
        raise Trouble(why=Why.NOT_READABLE, path=str(path), detail=getattr(error, "strerror", None) or str(error)) from None
