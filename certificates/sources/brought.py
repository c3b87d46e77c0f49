"""What a source brings: octets as a file would hold them, read but not opened yet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from certificates.loading import open_loadable
from certificates.pfx import Pfx, UnreadablePfx
from certificates.sealing import Secret
from certificates.sources.trouble import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A certificate with its private key, as it lies there.

    :ivar data: what a PFX file holds, or PEM; a secret where the key in it is not encrypted
    :ivar has_password: whether the source has a setting for it
    """

    data: Secret
    password: Secret
    path: str
    has_password: bool

    @property
    def digest(self) -> str:
        """What tells it from another. The password is no part of it: who reads the database must not be able to try passwords on it."""
        return hashlib.sha256(self.data.value).hexdigest()

    def open(self, *, now: datetime) -> Pfx:
        """Return what it holds, once a gateway's loader has taken it.

        :raises Trouble: if it is no certificate with its key, whole and usable
        """
        try:
            return open_loadable(self.data.value, self.password, now=now)
        except UnreadablePfx as refusal:
            raise Trouble.of(refusal, path=self.path, has_password=self.has_password) from None


class Reader(Protocol):
    """One kind of source, with the settings of one entry."""

    def bring(self) -> Brought:
        """Return what is there now.

        :raises Trouble: if there is nothing
        """

    def folders(self) -> Sequence[Path]:
        """Return where changes show; empty: it is looked at from time to time only."""
