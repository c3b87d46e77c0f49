"""Triggers that refuse to change or delete lines of the log, whoever asks the database.

Deleting is let through for the lines that a trimming, which is a line itself, has named (:mod:`portal.activity.trimming`). Whoever owns
the tables can drop triggers; then the chain tells.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

TABLE = "portal_activity"
_TRIMMED = f"EXISTS (SELECT 1 FROM {TABLE} WHERE event = 'log.trimmed' AND CAST(subject_id AS BIGINT) >= OLD.id)"  # noqa: S608 - constants
_SENTENCE = "Lines of the activity log do not change."

_ABORT = f"BEGIN SELECT RAISE(ABORT, '{_SENTENCE}'); END"
_SQLITE = (
    f"CREATE TRIGGER IF NOT EXISTS activity_does_not_change BEFORE UPDATE ON {TABLE} {_ABORT}",
    f"CREATE TRIGGER IF NOT EXISTS activity_is_not_deleted BEFORE DELETE ON {TABLE} WHEN NOT {_TRIMMED} {_ABORT}",
)
_SQLITE_OFF = ("DROP TRIGGER IF EXISTS activity_does_not_change", "DROP TRIGGER IF EXISTS activity_is_not_deleted")
_POSTGRESQL = (
    f"""
    CREATE OR REPLACE FUNCTION activity_does_not_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND {_TRIMMED} THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION '{_SENTENCE}';
    END $$
    """,
    f"""
    CREATE OR REPLACE TRIGGER activity_does_not_change BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION activity_does_not_change()
    """,
)
_POSTGRESQL_OFF = (f"DROP TRIGGER IF EXISTS activity_does_not_change ON {TABLE}",)


def guard(*, using: str = "default", **_signal: Any) -> None:
    """Set the triggers, if they are not there. Run after every migration: SQLite drops them where it makes a table anew."""
    connection = connections[using]
    if TABLE in connection.introspection.table_names():
        _run(using, _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE)


def unguard(*, using: str = "default") -> None:
    """Take the triggers away, for a migration that changes lines, and for tests that play who can."""
    _run(using, _POSTGRESQL_OFF if connections[using].vendor == "postgresql" else _SQLITE_OFF)


def _run(using: str, statements: tuple[str, ...]) -> None:
    with connections[using].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
