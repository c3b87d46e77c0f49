"""Whether the database's tables are those that the migrations make: looked at wherever a process starts.

A migration counts as applied by its name. Where one was changed after it had been applied, or tables were changed by hand, every later
start would find everything in order and fail at the first row that needs what is missing.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from portal import database

_MOST_NAMED = 8
_ANY_KEY = "a number"  # Django's own migrations make smaller ones than its models ask for since
# As PostgreSQL calls what Django asks for (documentation of PostgreSQL, 8: names and aliases).
_POSTGRESQL_NAMES = (("varchar", "character varying"), ("char(", "character("), (", ", ","))

_SQLITE_COLUMNS = """
    SELECT tables.name, columns.name, columns.type, NOT columns."notnull", columns.dflt_value IS NOT NULL OR columns.pk
    FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"""
_SQLITE_INDEXES = """
    SELECT tables.name, indexes.name, indexes."unique" AND NOT indexes.partial, columns.name
    FROM sqlite_master AS tables, pragma_index_list(tables.name) AS indexes, pragma_index_info(indexes.name) AS columns
    WHERE tables.type = 'table' ORDER BY tables.name, indexes.name, columns.seqno"""
_SQLITE_TABLES = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
_POSTGRESQL_COLUMNS = """
    SELECT tables.relname, columns.attname, format_type(columns.atttypid, columns.atttypmod), NOT columns.attnotnull,
           columns.atthasdef OR columns.attidentity <> ''
    FROM pg_class AS tables JOIN pg_attribute AS columns ON columns.attrelid = tables.oid
    WHERE tables.relkind IN ('r', 'p') AND columns.attnum > 0 AND NOT columns.attisdropped AND pg_table_is_visible(tables.oid)"""
_POSTGRESQL_INDEXES = """
    SELECT tables.relname, indexes.relname, about.indisunique AND about.indpred IS NULL, columns.attname
    FROM pg_index AS about JOIN pg_class AS tables ON tables.oid = about.indrelid JOIN pg_class AS indexes ON indexes.oid = about.indexrelid
    CROSS JOIN LATERAL unnest(about.indkey::int2[]) WITH ORDINALITY AS keys (number, place)
    LEFT JOIN pg_attribute AS columns ON columns.attrelid = tables.oid AND columns.attnum = keys.number
    WHERE pg_table_is_visible(tables.oid) ORDER BY tables.relname, indexes.relname, keys.place"""
_POSTGRESQL_CONSTRAINTS = """
    SELECT tables.relname, constraints.conname FROM pg_constraint AS constraints
    JOIN pg_class AS tables ON tables.oid = constraints.conrelid WHERE pg_table_is_visible(tables.oid)"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table that is there."""

    type: str
    null: bool
    filled: bool  # by the database, where a row is added without it


@dataclass(slots=True)
class Table:
    """A table that is there.

    :ivar names: of constraints and indexes
    :ivar indexes: the columns of each index
    :ivar unique: those sets of columns that no two rows may share
    """

    columns: dict[str, Column] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    indexes: set[tuple[str, ...]] = field(default_factory=set)
    unique: set[tuple[str, ...]] = field(default_factory=set)


@register(Tags.database)
def tables_are_as_migrated(*, databases: Sequence[str] | None = None, **_arguments: Any) -> list[CheckMessage]:
    """Check that every applied migration has made what it makes; a database that has yet to be migrated is not looked at."""
    if not databases or database.is_empty() or missing_migrations():
        return []
    return [Error(sentence, id="portal.E005") for sentence in [refusal()] if sentence]


def refusal() -> str:
    """Return the sentence about a database whose tables are not those that the migrations make; empty: they are.

    :raises django.db.DatabaseError: if it does not answer
    """
    return _sentence_about(differences())


def refusal_of_lost() -> str:
    """Return the sentence about tables that applied migrations have made and that are not there; empty: none is lost.

    For a migration that has failed, when the tables are not yet those of the models.

    :raises django.db.DatabaseError: if the database does not answer
    """
    loader = MigrationLoader(connection)
    state = loader.project_state([node for node in loader.applied_migrations if node in loader.graph.nodes])
    stored = [one._meta for one in state.apps.get_models(include_auto_created=True) if one._meta.managed and not one._meta.proxy]
    there = _tables_there()
    return _sentence_about([f"table {name} is missing" for name in sorted({one.db_table for one in stored}) if name not in there])


def _sentence_about(found: list[str]) -> str:
    if not found:
        return ""
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return (
        f"The tables of the database ({database.shown_name()}) are not those that the migrations of this version make: "
        f"{'; '.join(found[:_MOST_NAMED])}{more}. A version that was never released has made them, or they were changed by hand. "
        "Make these right by hand, or put a backup of a sound database back into an empty one "
        "(`manage.py setup --new-database`, then `manage.py restore FILE`)."
    )


def unmigrated() -> str:
    """Return the sentence about a database that lacks migrations; empty: it has them all.

    :raises django.db.DatabaseError: if it does not answer
    """
    if not (missing := [] if database.is_empty() else missing_migrations()):
        return ""
    return (
        f"The database ({database.shown_name()}) lacks migrations of this version ({', '.join(missing)}). Run `manage.py setup`; "
        "processes of the version before may go on meanwhile."
    )


def missing_migrations() -> list[str]:
    """Return the migrations that are here and were not applied, as ``app.name``."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in _known_migrations() - set(applied))


def differences() -> list[str]:
    """Return what the database lacks, or has otherwise than the models say, each in a few words.

    Where a newer version has migrated it already, this one may go on with what that has widened: only what is missing counts then.
    """
    is_newer = bool(_applied_by_us() - _known_migrations())
    there = _tables_there()
    found: list[str] = []
    for model in sorted(_stored_models(), key=lambda model: model._meta.db_table):
        name = model._meta.db_table
        if (table := there.get(name)) is None:
            found.append(f"table {name} is missing")
            continue
        found += _missing_columns(model, table)
        if not is_newer:
            found += [*_other_columns(model, table), *_missing_rules(model, table)]
    return found


def _known_migrations() -> set[tuple[str, str]]:
    known = set()
    for app in apps.get_app_configs():
        try:
            package = import_module(f"{app.name}.migrations")
        except ModuleNotFoundError:
            continue
        known |= {(app.label, module.name) for module in pkgutil.iter_modules(package.__path__) if module.name[0] not in "_~"}
    return known


def _applied_by_us() -> set[tuple[str, str]]:
    labels = {app.label for app in apps.get_app_configs()}
    return {(app, name) for app, name in MigrationRecorder(connection).applied_migrations() if app in labels}


def _stored_models() -> Iterator[type[models.Model]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


def _missing_columns(model: type[models.Model], table: Table) -> Iterator[str]:
    for column, _, _ in _columns_of(model):
        if column not in table.columns:
            yield f"column {model._meta.db_table}.{column} is missing"


def _other_columns(model: type[models.Model], table: Table) -> Iterator[str]:
    """Yield what is wrong with the columns that are there, and which others no row of ours could be added for."""
    expected = {column: (kind, null) for column, kind, null in _columns_of(model)}
    for name, column in table.columns.items():
        place = f"column {model._meta.db_table}.{name}"
        if name not in expected:
            if not (column.null or column.filled):
                yield f"{place} is unknown and has to be filled"
            continue
        kind, null = expected[name]
        if kind not in {column.type, _ANY_KEY}:
            yield f"{place} is {column.type} instead of {kind}"
        if column.null != null:
            yield f"{place} may {'' if column.null else 'not '}be empty"


def _missing_rules(model: type[models.Model], table: Table) -> Iterator[str]:
    """Yield which constraints and indexes are missing: those with names by their names, others by their columns."""
    named = [*(rule.name for rule in model._meta.constraints), *(index.name for index in model._meta.indexes)]
    yield from (f"{name} of table {model._meta.db_table} is missing" for name in named if name not in table.names)
    fields = [(one.column or "", one) for one in model._meta.local_concrete_fields if not one.primary_key]
    unique = [(column,) for column, one in fields if one.unique]
    by_name = {one.name: column for column, one in fields}
    together = [tuple(by_name[name] for name in names) for names in model._meta.unique_together]
    for columns in (*unique, *together):
        if columns not in table.unique:
            yield f"the rule that {model._meta.db_table} ({', '.join(columns)}) is unique is missing"
    for column, one in fields:
        if one.db_index and not one.unique and (column,) not in table.indexes:  # type: ignore[attr-defined]  # django-stubs lacks it
            yield f"the index of {model._meta.db_table} ({column}) is missing"


def _columns_of(model: type[models.Model]) -> Iterator[tuple[str, str, bool]]:
    """Yield name, type and whether it may be empty of each column that *model* stores."""
    for one in model._meta.local_concrete_fields:
        kind = _ANY_KEY if isinstance(one, models.AutoField) else (one.db_type(connection) or "").lower()
        if connection.vendor == "postgresql":
            for ours, theirs in _POSTGRESQL_NAMES:
                kind = kind.replace(ours, theirs)
            kind = "time without time zone" if kind == "time" else kind
        yield one.column or "", kind, one.null


def _tables_there() -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for table, name, kind, null, filled in _rows(_SQLITE_COLUMNS, _POSTGRESQL_COLUMNS):
        tables.setdefault(table, Table()).columns[name] = Column(kind.lower(), bool(null), bool(filled))
    indexes: dict[tuple[str, str, bool], list[str]] = {}
    for table, index, unique, column in _rows(_SQLITE_INDEXES, _POSTGRESQL_INDEXES):
        indexes.setdefault((table, index, bool(unique)), []).append(column or "")  # an expression has no name
    for (name, index, unique), columns in indexes.items():
        table = tables[name]
        table.names.add(index)
        table.indexes.add(tuple(columns))
        if unique:
            table.unique.add(tuple(columns))
    for name, rule in _constraints():
        tables[name].names.add(rule)
    return tables


def _constraints() -> Iterable[tuple[str, str]]:
    if connection.vendor == "postgresql":
        return _rows("", _POSTGRESQL_CONSTRAINTS)
    return [(name, rule) for name, sql in _rows(_SQLITE_TABLES, "") for rule in re.findall(r'CONSTRAINT "([^"]+)"', sql)]


def _rows(sqlite: str, postgresql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(postgresql if connection.vendor == "postgresql" else sqlite)
        return list(cursor.fetchall())
