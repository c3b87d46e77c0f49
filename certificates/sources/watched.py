"""A watched place: files that something else on this machine writes (Vault Agent, cert-manager, step, certbot, win-acme).

A .pfx file with a file that holds its password; or certificate, chain and key in PEM, in one file or several; or the folder that holds
these. Links are followed within the folders that the operator allows, so that those of certbot and of Kubernetes' mounts work.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from certificates.pfx import joined
from certificates.sealing import Secret
from certificates.sources import beneath
from certificates.sources.brought import Brought
from certificates.sources.trouble import Trouble, Why

_PFX = (".pfx", ".p12")
_PEM = (".pem", ".crt", ".cer", ".key", ".der")
_KEY = b"PRIVATE KEY-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPlace:
    """Where the files lie, and below which folders they may.

    :ivar path: of the file with the certificate, or of a folder
    :ivar key_file: where the key is, if not there
    :ivar chain_file: where the certificates above are, if not there
    :ivar password_file: a file whose one line is the password; empty if there is none
    """

    path: str
    allowed: tuple[Path, ...]
    key_file: str = ""
    chain_file: str = ""
    password_file: str = ""

    @classmethod
    def of(cls, settings: dict[str, str], allowed: Sequence[Path]) -> Self:
        """Return the place that stored settings name."""
        return cls(**settings, allowed=tuple(allowed))

    def settings(self) -> dict[str, str]:
        """Return what is stored of it."""
        return {name: value for name, value in asdict(self).items() if name != "allowed" and value}

    def bring(self) -> Brought:
        """Return what lies there now.

        :raises Trouble: if there is nothing, or it may not be read
        """
        parts = [*self._main(), *(self._read(name) for name in ("chain_file", "key_file") if getattr(self, name))]
        return Brought(data=Secret(joined(parts)), password=self._password(), path=self.path, has_password=bool(self.password_file))

    def folders(self) -> list[Path]:
        """Return the folders in which a change of any of the files, or of a link on the way to them, shows."""
        files = [Path(file) for file in (self.path, self.key_file, self.chain_file, self.password_file) if file]
        found = {folder for file in files for folder in (file, *file.parents) if beneath.leads_below(folder, self.allowed)}
        found |= {Path(os.path.realpath(file)).parent for file in files}
        return sorted(folder for folder in found if os.path.isdir(folder))  # noqa: PTH112 - says no also of what may not be looked at

    def _main(self) -> list[bytes]:
        """Return the file, or the files of the folder that belong together."""
        try:
            names = beneath.names_in(Path(self.path), self.allowed)
        except Trouble as trouble:
            raise _at("path", trouble) from None
        return [self._read("path")] if names is None else self._in_folder(names)

    def _in_folder(self, names: list[str]) -> list[bytes]:
        """Return the PEM files of a folder if there is a key among them, else its one PFX file."""
        pem = [self._read("path", name) for name in _ending(names, _PEM)]
        pfx = list(_ending(names, _PFX))
        if any(_KEY in part for part in pem) or self.key_file or (pem and not pfx):
            return pem
        if len(pfx) > 1:
            raise Trouble(why=Why.SEVERAL, path=self.path, detail=", ".join(pfx))
        if not pfx:
            raise Trouble(why=Why.EMPTY_FOLDER, path=self.path)
        return [self._read("path", pfx[0])]

    def _password(self) -> Secret:
        """Return the line in the password file, without the line end that editors and shells put behind it."""
        if not self.password_file:
            return Secret(b"")
        written = self._read("password_file").removeprefix(codecs.BOM_UTF8)
        return Secret(written.removesuffix(b"\n").removesuffix(b"\r"))

    def _read(self, setting: str, name: str = "") -> bytes:
        try:
            return beneath.read(Path(getattr(self, setting)) / name, self.allowed)
        except Trouble as trouble:
            raise _at(setting, trouble) from None


def _ending(names: Sequence[str], suffixes: tuple[str, ...]) -> Iterator[str]:
    return (name for name in names if name.lower().endswith(suffixes) and not name.startswith("."))


def _at(setting: str, trouble: Trouble) -> Trouble:
    return Trouble(why=trouble.why, path=trouble.path, detail=trouble.detail, field=setting)
