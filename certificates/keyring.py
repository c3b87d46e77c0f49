"""The portal's ring of encryption keys, as configured; without one the portal does not start."""

from __future__ import annotations

import functools
import os
import stat
from pathlib import Path

from django.conf import settings

from certificates.sealing import BadKeyRing, KeyRing, new_key
from portal import private_files


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
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077 and not (mode & 0o037 == 0 and (_is_credential(path) or _is_handed_over(status))):
        raise BadKeyRing(f"Others may read the encryption keys in {path} (mode {mode:04o}); run `chmod 600 {path}`.")
    return _read(path, (status.st_ino, status.st_mtime_ns, status.st_size))


def _is_credential(path: Path) -> bool:
    """Return whether systemd has handed *path* over (LoadCredential=): for this service alone; its access list looks like a group's."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.parent == Path(str(folder))


def _is_handed_over(status: os.stat_result) -> bool:
    """Return whether it is root's, for one group to read: so Kubernetes (fsGroup) hands secrets over."""
    return os.geteuid() != 0 and status.st_uid == 0


def create_ring_file(path: Path) -> None:
    """Make a ring of one fresh key, readable by its owner alone.

    :raises FileExistsError: if there is a file already
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_files.create(path, f"{new_key()}\n".encode())


def add_key_to_ring_file(path: Path) -> None:
    """Put a fresh key first in the ring. Readers see the old ring or the new one, never half of it."""
    private_files.write(path, f"{new_key()}\n{path.read_text(encoding='ascii')}".encode())


@functools.lru_cache(maxsize=4)
def _parsed(text: str) -> KeyRing:
    return KeyRing.parse(text)


@functools.lru_cache(maxsize=4)
def _read(path: Path, _version: tuple[int, int, int]) -> KeyRing:
    try:
        return KeyRing.parse(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadKeyRing(f"The encryption keys in {path} cannot be read.") from error
    except BadKeyRing as error:
        raise BadKeyRing(f"{error} It stands in {path}, which was perhaps not written whole; put it back from its copy.") from error
