"""The rows of a backup: read in one snapshot, and put in the place of all there are in one transaction."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model

from certificates.backups.archive import BadBackup, Reader, Writer
from portal.activity import guards
from portal.sqlite.base import DatabaseWrapper

# Who was signed in when the backup was made may have signed out since: everybody signs in again.
_LEFT_OUT = ("sessions.Session", "signin.SignedIn")
_BATCH = 500


def models() -> list[type[Model]]:
    """Return the models whose rows belong into a backup; none of them has a manager that hides rows."""
    every = apps.get_models(include_auto_created=True)
    return [model for model in every if model._meta.managed and not model._meta.proxy and model._meta.label not in _LEFT_OUT]


def migrations() -> list[str]:
    """Return the migrations of this version, by which it is known what its tables look like."""
    return sorted(f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations)


@contextlib.contextmanager
def snapshot() -> Iterator[None]:
    """Let what is read inside be one state of the database, and keep nobody from writing."""
    default = connections["default"]
    reading = default.reading() if isinstance(default, DatabaseWrapper) else contextlib.nullcontext()
    with reading, transaction.atomic():
        if default.vendor == "postgresql":
            with default.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def write(writer: Writer) -> int:
    """Write all rows; return how many."""
    number = 0
    for model in models():
        columns = [column.attname for column in model._meta.concrete_fields]
        rows = model._default_manager.order_by("pk").values_list(*columns)
        number += writer.table(model._meta.label, columns, rows.iterator(chunk_size=_BATCH))
    return number


def read(reader: Reader) -> Iterator[tuple[type[Model], Iterator[Model]]]:
    """Yield, for each model, its rows as they were, not saved.

    :raises BadBackup: if the backup is of another version, or damaged
    """
    told = reader.manifest
    if told.migrations != migrations():
        raise BadBackup(
            "The backup was made by another version of the portal, whose tables differ: restore it with that version, and upgrade then."
        )
    for model in models():
        if model._meta.label not in told.tables:
            raise BadBackup(f"The backup has no {model._meta.label}.")
        yield model, _instances(reader, model)


def replace_all(reader: Reader) -> int:
    """Put the rows of the backup in the place of all there are, inside the caller's transaction; return how many."""
    every = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy]
    tables = [connection.ops.quote_name(model._meta.db_table) for model in every]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # whoever writes waits; who reads sees the old state until the end
            cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
        with guards.lifted():
            for table in tables:
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
    number = 0
    for model, rows in read(reader):
        while batch := list(itertools.islice(rows, _BATCH)):
            model._default_manager.bulk_create(batch)
            number += len(batch)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), every):
            cursor.execute(statement)
    return number


def _instances(reader: Reader, model: type[Model]) -> Iterator[Model]:
    columns = reader.manifest.tables[model._meta.label]["columns"]
    if columns != [column.attname for column in model._meta.concrete_fields]:
        raise BadBackup(f"The backup has other columns of {model._meta.label}.")
    for row in reader.rows(model._meta.label):
        yield model(**dict(zip(columns, row, strict=True)))
