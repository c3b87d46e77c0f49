"""Where an export leaves secrets: nowhere, in files, in the environment of whoever imports, or encrypted in the file itself."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from certificates.sealing import Secret
from portal import private_files
from rest.configuration.secrets import sealed

_LONGEST = 120  # of a part of a path; file systems take 255 bytes


class Keeper(Protocol):
    """Takes secrets one by one."""

    def keep(self, place: str, mark: object, read: Callable[[], Secret | None]) -> Any:
        """Keep the secret of a *place* such as ``apis/orders/security/password``; return what stands for it, ``None`` for nothing.

        :param mark: what tells it from the secret that comes after it; ``None``: there is none
        :param read: returns it, ``None`` if it does not open
        """


class Nowhere:
    """Secrets are left out: an import leaves those that are there alone."""

    def keep(self, place: str, mark: object, read: Callable[[], Secret | None]) -> None:
        """Keep nothing."""


class InEnvironment:
    """References to variables, whose values whoever imports has to set."""

    def __init__(self) -> None:
        """Begin with none."""
        self._places: dict[str, str] = {}

    def keep(self, place: str, mark: object, read: Callable[[], Secret | None]) -> dict[str, str] | None:  # noqa: ARG002 - likewise
        """Name the variable."""
        return {"env": self._variable_of(place)} if mark else None

    def _variable_of(self, place: str) -> str:
        """Return a name that no other place has: names may differ in what variables cannot hold."""
        stem = variable = re.sub(r"[^A-Z0-9]+", "_", place.upper()).strip("_")
        number = 1
        while self._places.setdefault(variable, place) != place:
            number += 1
            variable = f"{stem}_{number}"
        return variable


class InFiles:
    """A file for each secret, readable by its owner alone."""

    def __init__(self, folder: Path, *, seen_from: Path) -> None:
        """Write into *folder*; names are relative to *seen_from*."""
        self._folder, self._seen_from = folder, seen_from

    def keep(self, place: str, mark: object, read: Callable[[], Secret | None]) -> dict[str, str] | None:
        """Write the file.

        :raises OSError: if it cannot be written
        """
        secret = read() if mark else None
        if secret is None:
            return None
        path = self._folder.joinpath(*map(_file_name, place.split("/")))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_files.write(path, secret.value)
        return {"file": os.path.relpath(path, self._seen_from)}


class Encrypted:
    """Encrypted in the file itself."""

    def __init__(self, lock: sealed.Lock) -> None:
        """Encrypt as *lock* says."""
        self._lock = lock
        self._kept: dict[str, Secret] = {}

    def keep(self, place: str, mark: object, read: Callable[[], Secret | None]) -> dict[str, str] | None:
        """Take it in."""
        secret = read() if mark else None
        if secret is None:
            return None
        self._kept[place] = secret
        return {"sealed": place}

    def text(self) -> str:
        """Return all that was kept, encrypted; nothing if nothing was.

        :raises sealed.BadKey: if a recipient is none
        """
        return sealed.seal(self._kept, self._lock) if self._kept else ""


def _file_name(part: str) -> str:
    """Return a name that a file can have, another one for each *part*."""
    name = quote(part, safe=" ")
    return name if len(name) <= _LONGEST else hashlib.sha256(part.encode()).hexdigest()
