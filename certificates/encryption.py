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
from portal.activity import record
from portal.models import Event

_BATCH = 500  # rows in one transaction: about 30 ms, so that other writers hardly wait


@dataclass(slots=True)
class RingKey:
    """A key of the ring as a subject of the activity log."""

    pk: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """What a run of :func:`rewrap` has done."""

    rows: int
    unopened: tuple[str, ...]  # rows that no key of the ring opens: table, id, reason


def sealed_models() -> list[type[SealedSecret]]:
    """Return every model whose rows hold a sealed secret and whose table exists."""
    tables = set(connection.introspection.table_names())
    models = (model for model in apps.get_models() if issubclass(model, SealedSecret) and model._meta.db_table in tables)
    return sorted(models, key=lambda model: model._meta.label)


def rows_by_key() -> dict[str, Counter[str]]:
    """Return, for each key that seals something, how many rows of each model it seals."""
    rows: dict[str, Counter[str]] = {}
    for model in sealed_models():
        for ring_key, number in model._default_manager.order_by().values_list("ring_key").annotate(Count("pk")):
            rows.setdefault(ring_key, Counter())[model._meta.label] = number
    return rows


def unopened_probes() -> Iterator[tuple[str, SealingError]]:
    """Open one row of each model under each key, and yield the model and the reason where that fails."""
    for model in sealed_models():
        for ring_key in model._default_manager.order_by().values_list("ring_key", flat=True).distinct():
            probe = model._default_manager.filter(ring_key=ring_key).first()
            try:
                if probe is not None:
                    probe.unseal()
            except SealingError as error:
                yield model._meta.label, error


def rewrap(*, now: datetime) -> Rewrapped:
    """Bring every sealed row under the newest key, in short transactions; run again, it goes on where it was interrupted."""
    newest = keyring().names[0]
    rows, unopened = 0, list[str]()
    for model in sealed_models():
        for batch, failures in _batches(model, newest):
            rows += batch
            unopened += failures
    if rows:
        with transaction.atomic():
            record(Event.ENCRYPTION_REWRAPPED, RingKey(newest, newest), by=None, at=now, rows=rows)
    return Rewrapped(rows=rows, unopened=tuple(unopened))


def _batches(model: type[SealedSecret], newest: str) -> Generator[tuple[int, list[str]]]:
    """Re-wrap the rows of *model* batch by batch, in the order of their ids."""
    waiting = model._default_manager.exclude(ring_key=newest).order_by("pk")
    while True:
        with transaction.atomic():
            batch = list(waiting.select_for_update()[:_BATCH])
            if not batch:
                return
            failures = _rewrap(batch)
            opened = [row for row in batch if row.ring_key == newest]
            model._default_manager.bulk_update(opened, ["ring_key", "wrapped_key"])
        yield len(opened), failures
        waiting = waiting.filter(pk__gt=batch[-1].pk)


def _rewrap(batch: list[SealedSecret]) -> list[str]:
    failures = []
    for row in batch:
        try:
            row.rewrap()
        except SealingError as error:
            failures.append(f"{row._meta.label} {row.pk}: {error}")
    return failures
