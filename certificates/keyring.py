"""The portal's ring of encryption keys, as configured; without one the portal does not start."""

from __future__ import annotations

import functools
import stat
from typing import TYPE_CHECKING

from django.conf import settings

from certificates.sealing import BadKeyRing, KeyRing

if TYPE_CHECKING:
    from pathlib import Path


@functools.cache
def keyring() -> KeyRing:
    """Return the ring from ``PORTAL_ENCRYPTION_KEYS`` (or ``…_FILE``), else from the file under ``PORTAL_HOME``.

    :raises BadKeyRing: if it is missing, malformed or readable by others
    """
    if settings.ENCRYPTION_KEYS:
        return KeyRing.parse(settings.ENCRYPTION_KEYS)
    return KeyRing.parse(_read_private(settings.ENCRYPTION_KEYS_FILE))


def _read_private(path: Path) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError as error:
        raise BadKeyRing(
            f"There is no ring of encryption keys: set PORTAL_ENCRYPTION_KEYS, or make {path} with `python manage.py encryption create`."
        ) from error
    if mode & 0o077:
        raise BadKeyRing(f"Others may read the encryption keys in {path} (mode {mode:04o}); run `chmod 600 {path}`.")
    return path.read_text(encoding="ascii")
