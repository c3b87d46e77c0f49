"""The file of a backup: a ZIP archive of rows, a manifest that says what must be in it, and sealed keys that vouch for it. [pure]

Rows are lines of JSON, the same whichever database they come from.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

_MANIFEST, _KEYS = "manifest.json", "keys.sealed"
FORMAT = 1
Row = Sequence[Any]


class BadBackup(Exception):
    """The file is no backup, or not a whole one; the message says what is wrong."""


@dataclass(slots=True, kw_only=True)
class Manifest:
    """What a backup holds.

    :ivar tables: by the model's label, its columns, how many rows and the digest of their lines
    :ivar migrations: what the tables look like
    """

    made_at: str
    line: int
    identity: str
    migrations: list[str]
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: int = FORMAT


class Writer:
    """Writes a backup beside *path*, and puts it there once it is whole."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self._path = path
        self._beside = path.with_name(f"{path.name}.{os.getpid()}.new")
        self._manifest = manifest

    def __enter__(self) -> Writer:  # noqa: PYI034 - not subclassed
        """Begin.

        :raises OSError: if nothing can be written there
        """
        self._file = os.fdopen(os.open(self._beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b")
        self._archive = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Leave nothing behind but a whole backup."""
        try:
            if kind is None:
                self._archive.close()
                self._file.flush()
                os.fsync(self._file.fileno())
                self._beside.replace(self._path)
        finally:
            self._file.close()
            self._beside.unlink(missing_ok=True)

    def table(self, label: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        """Add the rows of one table; return how many."""
        digest, number = hashlib.sha256(), 0
        with self._archive.open(_member(label), "w", force_zip64=True) as member:
            for row in rows:
                line = json.dumps([_encoded(value) for value in row], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                digest.update(line)
                member.write(line)
                number += 1
        self._manifest.tables[label] = {"columns": list(columns), "rows": number, "sha256": digest.hexdigest()}
        return number

    def manifest(self) -> str:
        """Add the manifest; return its digest."""
        content = json.dumps(asdict(self._manifest), indent=1).encode()
        self._archive.writestr(_MANIFEST, content)
        return hashlib.sha256(content).hexdigest()

    def keys(self, sealed: bytes) -> None:
        """Add the sealed keys."""
        self._archive.writestr(_KEYS, sealed)


class Reader:
    """Reads a backup; a context manager."""

    def __init__(self, path: Path) -> None:
        """Open it.

        :raises BadBackup: if it is none
        """
        try:
            self._archive = zipfile.ZipFile(path)
            content = self._archive.read(_MANIFEST)
            self.keys = self._archive.read(_KEYS)
            self.digest = hashlib.sha256(content).hexdigest()
            told = json.loads(content)
            if told.get("format") != FORMAT:
                raise BadBackup(f"{path} was made by a newer version of the portal.")
            self.manifest = Manifest(**told)
        except OSError as error:
            raise BadBackup(f"{path} cannot be read: {error.strerror or error}.") from error
        except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError) as error:
            raise BadBackup(f"{path} is no backup, or was not written whole.") from error

    def __enter__(self) -> Reader:  # noqa: PYI034 - not subclassed
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def rows(self, label: str) -> Iterator[list[Any]]:
        """Yield the rows of one table; whoever reads them to the end knows that they are those that were written.

        :raises BadBackup: if they are not
        """
        told, digest = self.manifest.tables[label], hashlib.sha256()
        try:
            with self._archive.open(_member(label)) as member:
                yield from _decoded_lines(member, digest)
        except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, EOFError) as error:
            raise BadBackup(f"The rows of {label} in the backup are damaged.") from error
        if digest.hexdigest() != told["sha256"]:
            raise BadBackup(f"The rows of {label} in the backup were altered.")


def _decoded_lines(member: IO[bytes], digest: Any) -> Iterator[list[Any]]:
    for line in member:
        digest.update(line)
        yield [_decoded(value) for value in json.loads(line)]


def _member(label: str) -> str:
    return f"rows/{label}.jsonl"


# What JSON does not have, and JSON itself, as an object that names its kind: how each is written and read.
_KINDS: dict[str, tuple[type | tuple[type, ...], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "bytes": ((bytes, memoryview), lambda value: base64.b64encode(value).decode(), lambda held: base64.b64decode(held, validate=True)),
    "moment": (datetime, datetime.isoformat, datetime.fromisoformat),  # before dates: moments are dates, too
    "date": (date, date.isoformat, date.fromisoformat),
    "uuid": (uuid.UUID, str, uuid.UUID),
    "decimal": (Decimal, str, Decimal),
    "microseconds": (timedelta, lambda value: value // timedelta(microseconds=1), lambda held: timedelta(microseconds=held)),
    "json": ((dict, list), lambda value: value, lambda held: held),
}


def _encoded(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    for kind, (types, write, _) in _KINDS.items():
        if isinstance(value, types):
            return {kind: write(value)}
    raise TypeError(f"A backup cannot hold a {type(value).__name__}.")


def _decoded(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    return _KINDS[kind][2](held)
