"""The portal's ring of encryption keys, as configured; without one the portal does not start."""

from __future__ import annotations

import functools
import os
import stat
from pathlib import Path

from django.conf import settings

from certificates.sealing import BadKeyRing, KeyRing, new_key


def keyring() -> KeyRing:
    """Return the ring from ``PORTAL_ENCRYPTION_KEYS``, else from the file.

    A changed file is read again, so that a running portal knows a key as soon as it is added.

    :raises BadKeyRing: if it is missing, malformed or readable by others
    """
    if settings.ENCRYPTION_KEYS:
        return _parsed(settings.ENCRYPTION_KEYS)
    path: Path = settings.ENCRYPTION_KEYS_FILE
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise BadKeyRing(
            f"There is no ring of encryption keys: set PORTAL_ENCRYPTION_KEYS, or make {path} with `python manage.py encryption create`."
        ) from error
    except OSError as error:
        raise BadKeyRing(f"The encryption keys in {path} cannot be read: {error.strerror}.") from error
    if (mode := stat.S_IMODE(status.st_mode)) & 0o077:
        raise BadKeyRing(f"Others may read the encryption keys in {path} (mode {mode:04o}); run `chmod 600 {path}`.")
    return _read(path, (status.st_ino, status.st_mtime_ns, status.st_size))


def create_ring_file(path: Path) -> None:
    """Make a ring of one fresh key, readable by its owner alone.

    :raises FileExistsError: if there is a file already
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_private(path, f"{new_key()}\n")


def add_key_to_ring_file(path: Path) -> None:
    """Put a fresh key first in the ring. Readers see the old ring or the new one, never half of it."""
    text = f"{new_key()}\n{path.read_text(encoding='ascii')}"
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)  # of an attempt that was interrupted
    _write_private(beside, text)
    beside.replace(path)


@functools.lru_cache(maxsize=4)
def _parsed(text: str) -> KeyRing:
    return KeyRing.parse(text)


@functools.lru_cache(maxsize=4)
def _read(path: Path, _version: tuple[int, int, int]) -> KeyRing:
    try:
        return KeyRing.parse(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadKeyRing(f"The encryption keys in {path} cannot be read.") from error


def _write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read from its first moment on, and wait until it is on the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
