"""What is sealed under which key of the ring, and bringing everything under the newest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Count

from certificates.keyring import keyring
from certificates.models import SealedSecret
from certificates.sealing import SealingError
from portal import database
from portal.activity import record
from portal.characters import shown
from portal.models import Event, Installation

_BATCH = 500  # rows in one transaction: about 30 ms, so that other writers hardly wait


@dataclass(slots=True)
class RingKey:
    """A key of the ring as a subject of the activity log."""

    pk: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    """A row that does not open."""

    table: str
    id: str
    name: str  # what the secret is, in words
    reason: str

    def __str__(self) -> str:
        """Return all of it."""
        return shown(f"{self.table} {self.id}: {self.reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """What a run of :func:`rewrap` has done."""

    rows: int
    unopened: tuple[Damaged, ...]  # also among those that were under the newest key before


def sealed_models() -> list[type[SealedSecret]]:
    """Return every model whose rows hold a sealed secret and whose table exists."""
    tables = set() if database.is_missing() else set(connection.introspection.table_names())
    models = (model for model in apps.get_models() if issubclass(model, SealedSecret) and model._meta.db_table in tables)
    return sorted(models, key=lambda model: model._meta.label)


def rows_by_key() -> dict[str, Counter[str]]:
    """Return, for each key that seals something, how many rows of each model it seals."""
    rows: dict[str, Counter[str]] = {}
    for model in sealed_models():
        for ring_key, number in model._default_manager.order_by().values_list("ring_key").annotate(Count("pk")):
            rows.setdefault(ring_key, Counter())[model._meta.label] = number
    return rows


def missing_keys() -> list[tuple[str, int]]:
    """Return the keys that seal rows but are not in the ring, and how many: what tells a wrong ring from a damaged row.

    A key is known by a digest of it, so that one in the ring is the right one, whatever became of the rows under it. One row alone
    under a name that nobody knows, beside others under keys that are there, is a row whose name of a key was damaged.
    """
    ring = keyring().names
    rows = {key: counted.total() for key, counted in rows_by_key().items()}
    some_are_there = not rows.keys().isdisjoint(ring)
    return sorted((key, number) for key, number in rows.items() if key not in ring and not (some_are_there and number == 1))


def damaged_rows() -> Iterator[Damaged]:
    """Open every sealed row, and yield those that do not."""
    for model in sealed_models():
        for row in model._default_manager.order_by("pk").iterator(chunk_size=_BATCH):
            try:
                row.unseal()
            except SealingError as error:
                yield Damaged(table=model._meta.label, id=str(row.pk), name=error.row, reason=str(error))


def rewrap(*, now: datetime) -> Rewrapped:
    """Bring every sealed row under the newest key, in short transactions; run again, it goes on where it was interrupted.

    It goes on past rows that do not open, and says which they are.
    """
    newest = keyring().names[0]
    rows = sum(batch for model in sealed_models() for batch in _batches(model, newest))
    if rows:
        with transaction.atomic():
            record(Event.ENCRYPTION_REWRAPPED, RingKey(newest, newest), by=None, at=now, rows=rows)
    Installation.objects.update(ring_key=newest)  # what other portals have to have, too
    return Rewrapped(rows=rows, unopened=tuple(damaged_rows()))


def _batches(model: type[SealedSecret], newest: str) -> Generator[int]:
    """Re-wrap the rows of *model* batch by batch, in the order of their ids."""
    waiting = model._default_manager.exclude(ring_key=newest).order_by("pk")
    while True:
        with transaction.atomic():
            batch = list(waiting.select_for_update()[:_BATCH])
            if not batch:
                return
            opened = [row for row in batch if _rewrapped(row)]
            model._default_manager.bulk_update(opened, ["ring_key", "wrapped_key"])
        yield len(opened)
        waiting = waiting.filter(pk__gt=batch[-1].pk)


def _rewrapped(row: SealedSecret) -> bool:
    """Bring *row* under the newest key; return whether it could be."""
    try:
        row.rewrap()
    except SealingError:
        return False
    return True
