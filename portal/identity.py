"""What must belong together: this home and its database, and what all portals on one database share.

A database that is lost looks like a new one, a wrong address like another's. Each is told by a file in ``PORTAL_HOME`` that names the
database; whether several portals have the same secret key and ring, by what the database keeps of both.
"""

from __future__ import annotations

import functools
import hashlib
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import transaction
from django.utils import timezone

from portal import database, private_files
from portal.activity import record
from portal.activity.feed import installation
from portal.environment import read
from portal.models import Event, Installation

_NAME = "database-id"
LEAST_SECRET = 32  # characters; `manage.py setup` makes 86
_ring: list[Callable[[], Sequence[str]]] = []


class OtherDatabase(Exception):
    """The database is not the one that this home has known."""


def marker() -> Path:
    """Return the file that names the database of this home."""
    return Path(settings.PORTAL_HOME) / _NAME


def keep(*, another: bool = False) -> None:
    """Remember the database; let the first portal say what all share.

    :param another: whether it may be another one than before

    :raises OtherDatabase: if another one is remembered
    """
    ours = installation()
    if (known := _known()) is None or another:
        private_files.write(marker(), f"{ours.identity}\n".encode())
    elif known != str(ours.identity):
        raise OtherDatabase(other_database())
    share(ours, only_missing=True)


@transaction.atomic
def begin_anew() -> None:
    """Take the database for empty on purpose, if it is: gateways lose what is not in it."""
    record(Event.DATABASE_BEGUN, _Named(installation().pk, database.shown_name()), by=None, at=timezone.now())


@transaction.atomic
def begin_epoch() -> None:
    """Have all followers of the log read everything again."""
    Installation.objects.filter(pk=installation().pk).update(epoch=uuid.uuid4())


def share(ours: Installation, *, only_missing: bool = False) -> None:
    """Let the secret key and the ring of this portal be those that all have to have."""
    if not (only_missing and ours.secret_key):
        ours.secret_key = _digest_of(secret_key(), ours.identity)
    if not (only_missing and ours.ring_key):
        ours.ring_key = _newest_ring_key()
    ours.save(update_fields=["secret_key", "ring_key"])


def ring_keys(names: Callable[[], Sequence[str]]) -> None:
    """Let the room that has the ring say how its keys are called, newest first."""
    _ring.append(names)


def secret_key() -> str:
    """Return the secret key as it is now: Django's settings hold what was there as they were read."""
    return read("PORTAL_SECRET_KEY") or (settings.SECRET_KEY_FILE.read_text().strip() if settings.SECRET_KEY_FILE.is_file() else "")


def cut_off() -> str:
    """Return the sentence about a secret key that was not written whole; empty: it was."""
    if read("PORTAL_SECRET_KEY") or not settings.SECRET_KEY_FILE.is_file() or len(secret_key()) >= LEAST_SECRET:
        return ""
    return (
        f"{settings.SECRET_KEY_FILE} was not written whole: it has {len(secret_key())} characters. Put it back from a copy or from another "
        "portal of this database, or delete it: `manage.py setup` makes a new one, and everybody has to sign in again."
    )


def other_database() -> str:
    """Return the sentence about a database that is not this home's."""
    return (
        f"{database.shown_name()} is not the database that {settings.PORTAL_HOME} has worked with: DATABASE_URL or a mount is wrong. "
        "Mend it, or, if this one is to be used from now on, run `manage.py setup --new-database`."
    )


def lost_database() -> str:
    """Return the sentence about a database that was lost."""
    return (
        f"The database ({database.shown_name()}) is empty, and {settings.PORTAL_HOME} holds the keys of one that was not: "
        "DATABASE_URL or a mount may be wrong. Mend it, put a backup back with `manage.py restore FILE`, "
        "or begin anew with `manage.py setup --new-database`."
    )


@register(Tags.database)
def what_belongs_together(*, databases: Sequence[str] | None = None, **_arguments: Any) -> list[CheckMessage]:
    """Check that the database is this home's, and that this portal's secret key is the one of all."""
    if not databases:
        return []
    if broken := cut_off():
        return [Error(broken, id="portal.E003")]
    if database.is_empty():
        return []
    ours = Installation.objects.filter(only=True).first() if database.has_table(Installation._meta.db_table) else None
    if ours is None:
        return []
    wrong: list[CheckMessage] = []
    if (known := _known()) and known != str(ours.identity):
        wrong.append(Error(other_database(), id="portal.E001"))
    if ours.secret_key and ours.secret_key != _digest_of(secret_key(), ours.identity):
        wrong.append(
            Error(
                "The secret key is not the one that the other portals of this database have. Copy theirs, or, if it was changed "
                "everywhere, run `manage.py setup --new-keys`.",
                id="portal.E002",
            )
        )
    if ours.ring_key and not any(ours.ring_key in names() for names in _ring):
        wrong.append(
            Error(
                f"The ring of encryption keys lacks {ours.ring_key}, which the other portals of this database have: what is sealed here "
                "they could not open. Copy their ring, or, if it was changed everywhere, run `manage.py setup --new-keys`.",
                id="portal.E004",
            )
        )
    return wrong


class _Named:
    """The database as a subject of the log."""

    def __init__(self, pk: int, name: str) -> None:
        self.pk = pk
        self.name = name


def _newest_ring_key() -> str:
    return next((name for names in _ring for name in names()), "")


def _known() -> str | None:
    try:
        return marker().read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


@functools.lru_cache(maxsize=4)
def _digest_of(secret_key: str, salt: uuid.UUID) -> str:
    """Return what tells a secret key from others; slow to make, because people choose some of them."""
    return hashlib.scrypt(secret_key.encode(), salt=salt.bytes, n=2**14, r=8, p=1, dklen=32).hex()
