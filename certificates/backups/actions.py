"""Making a backup, proving that it is whole and opens, and restoring it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from certificates.backups import rows, sealed
from certificates.backups.archive import BadBackup, Manifest, Reader, Writer
from certificates.keyring import keyring
from certificates.models import SealedSecret
from certificates.sealing import KeyRing, SealingError, Secret
from portal import identity, private_files
from portal.activity import last_line, record
from portal.activity.feed import installation
from portal.environment import read
from portal.models import Event, Installation

if TYPE_CHECKING:
    from certificates.backups.sealed import KeyOf, Parts


class CannotRestore(Exception):
    """A backup opens, but not into this portal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A backup that was made."""

    rows: int
    secrets: int
    line: int  # the newest of the log


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What was found in a backup that is whole and whose secrets all open."""

    made_at: str
    rows: int
    secrets: int
    line: int
    keys: Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a backup holds sealed."""

    ring: Secret  # as the file has it
    secret_key: Secret


@dataclass(frozen=True, slots=True)
class _Named:
    pk: str
    name: str


def make(path: Path, lock: tuple[bytes, Parts], *, now: datetime) -> Made:
    """Write a backup to *path*, whole or not at all, while everything runs.

    :param lock: the data key of its keys, and what leads to it (:mod:`certificates.backups.sealed`)
    :raises OSError: if it cannot be written
    :raises certificates.sealing.BadKeyRing: if the ring cannot be read
    """
    keyring()
    ours = installation()
    with rows.snapshot():
        manifest = Manifest(made_at=now.isoformat(), line=last_line(), identity=str(ours.identity), migrations=rows.migrations())
        with Writer(path, manifest) as writer:
            number = rows.write(writer)
            keys = {"manifest": writer.manifest(), "ring": _ring_text(), "secret_key": identity.secret_key()}
            writer.keys(sealed.seal(Secret(json.dumps(keys).encode()), *lock))
    with transaction.atomic():
        record(Event.DATABASE_BACKED_UP, _Named(str(ours.pk), path.name), by=None, at=now)
    return Made(rows=number, secrets=_secrets_in(manifest), line=manifest.line)


def prove(reader: Reader, key_of: KeyOf) -> Proven:
    """Read all of a backup, and open every secret in it with its own ring; nothing is changed.

    :raises BadBackup: if it is not whole, was altered, is of another version, or a secret in it does not open
    :raises certificates.backups.sealed.DoesNotOpen: if its keys do not open
    """
    keys = json.loads(sealed.unseal(reader.keys, key_of).value)
    if keys["manifest"] != reader.digest:
        raise BadBackup("The backup was altered after it was made.")
    ring = KeyRing.parse(keys["ring"])
    number = secrets = 0
    for _, instances in rows.read(reader):
        for row in instances:
            number += 1
            if isinstance(row, SealedSecret):
                secrets += 1
                _open(row, ring)
    return Proven(
        made_at=reader.manifest.made_at,
        rows=number,
        secrets=secrets,
        line=reader.manifest.line,
        keys=Keys(ring=Secret(keys["ring"].encode()), secret_key=Secret(keys["secret_key"].encode())),
    )


def restore(reader: Reader, proven: Proven, *, name: str, now: datetime) -> int:
    """Put a backup that was proven in the place of everything; processes that run read it anew. Return the number of rows.

    :param name: of the file, for the log
    :raises CannotRestore: if the ring is in the environment and lacks keys
    :raises certificates.sealing.BadKeyRing: if the ring that is here is none, so that no key can be added to it
    :raises OSError: if the keys cannot be written
    """
    _put_back(proven.keys)
    with transaction.atomic():
        number = rows.replace_all(reader)
        identity.begin_epoch()
        ours = installation()
        record(Event.DATABASE_RESTORED, _Named(str(ours.pk), name), by=None, at=now, made_at=proven.made_at)
        Installation.objects.filter(pk=ours.pk).update(secret_key="", ring_key="")
        identity.keep(another=True)
    return number


def _open(row: SealedSecret, ring: KeyRing) -> None:
    try:
        row.unseal_with(ring)
    except SealingError as error:
        raise BadBackup(f"A secret in the backup does not open: {row._meta.label} {row.pk}: {error}") from error


def _put_back(keys: Keys) -> None:
    """Bring the ring and the secret key to where this portal reads them. No key that is here is lost."""
    needed = KeyRing.parse(keys.ring.value.decode())
    if settings.ENCRYPTION_KEYS:
        if missing := [key for key in needed.names if key not in keyring().names]:
            raise CannotRestore(
                f"PORTAL_ENCRYPTION_KEYS lacks {', '.join(missing)}, which the backup needs; add it, or unset the variable."
            )
    else:
        path = settings.ENCRYPTION_KEYS_FILE
        ring = _merged(path.read_text(encoding="ascii") if path.exists() else "", keys.ring.value.decode())
        KeyRing.parse(ring)
        private_files.write(path, ring.encode())
    if not read("PORTAL_SECRET_KEY"):
        private_files.write(settings.SECRET_KEY_FILE, keys.secret_key.value)


def _merged(ours: str, theirs: str) -> str:
    """Return the ring of both, ours first; of a key that is in both, our line with its comment stays."""
    lines: dict[str, str] = {}
    for line in (*_lines_of(ours), *_lines_of(theirs)):
        lines.setdefault(_key_in(line), line)
    return "".join(f"{line}\n" for line in lines.values())


def _lines_of(ring: str) -> list[str]:
    return [line.strip() for line in ring.replace(",", "\n").splitlines() if _key_in(line)]


def _key_in(line: str) -> str:
    return line.partition("#")[0].strip()


def _ring_text() -> str:
    return settings.ENCRYPTION_KEYS or settings.ENCRYPTION_KEYS_FILE.read_text(encoding="ascii")


def _secrets_in(manifest: Manifest) -> int:
    sealed_labels = {model._meta.label for model in rows.models() if issubclass(model, SealedSecret)}
    return sum(table["rows"] for label, table in manifest.tables.items() if label in sealed_labels)
