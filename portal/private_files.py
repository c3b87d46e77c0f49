"""Files that hold secrets: for their owner alone from the first byte on, and there as a whole or not at all. [pure]"""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Put *content* in the place of whatever *path* holds. Who reads meanwhile, or after a crash, finds the old content or the new.

    :raises OSError: if it cannot be written; then nothing has changed
    """
    beside = _beside(path, content)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def create(path: Path, content: bytes) -> None:
    """Write a new file.

    :raises FileExistsError: if there is one already, which stays
    :raises OSError: if it cannot be written
    """
    beside = _beside(path, content)
    try:
        os.link(beside, path)  # unlike a renaming, this does not take another's place
    finally:
        beside.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _beside(path: Path, content: bytes) -> Path:
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        beside.unlink(missing_ok=True)  # a full disk leaves a beginning
        raise
    return beside


def _sync_folder(folder: Path) -> None:
    """Wait until the name is on the disk, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
