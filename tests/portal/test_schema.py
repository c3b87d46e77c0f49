"""Tables that are not what the migrations make are named where a process starts, and it does not start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import checks
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from portal import schema
from tests.homes import furnish
from tests.landed import edited, landed, migrations
from tests.processes import PROJECT

pytestmark = pytest.mark.django_db


def change(postgresql: str, sqlite: tuple[str, str] | None = None) -> None:
    """Change a table; SQLite's is made anew where *sqlite* says what of its definition becomes what."""
    if connection.vendor == "postgresql" or sqlite is None:
        _execute("SET CONSTRAINTS ALL IMMEDIATE" if connection.vendor == "postgresql" else "SELECT 1", postgresql)
        return
    (table,) = re.findall(r"(?:TABLE|ON) (\w+)", postgresql)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
        (definition,) = cursor.fetchone() or ("",)
    assert sqlite[0] in definition
    _execute(f"DROP TABLE {table}", definition.replace(*sqlite))


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_what_the_migrations_make_is_what_is_wanted() -> None:
    assert schema.differences() == []
    assert schema.refusal() == schema.unmigrated() == ""


@pytest.mark.parametrize(
    ("postgresql", "sqlite", "named"),
    [
        ("DROP TABLE portal_preferences", None, "table portal_preferences is missing"),
        ("ALTER TABLE apis_api DROP COLUMN description", None, "column apis_api.description is missing"),
        (
            "ALTER TABLE apis_api ALTER COLUMN description TYPE varchar(9)",
            ('"description" text', '"description" varchar(9)'),
            r"column apis_api\.description is (character varying|varchar)\(9\) instead of text",
        ),
        (
            "ALTER TABLE apis_api ALTER COLUMN description DROP NOT NULL",
            ('"description" text NOT NULL', '"description" text NULL'),
            "column apis_api.description may be empty",
        ),
        (
            "ALTER TABLE apis_api ALTER COLUMN certificate_id SET NOT NULL",
            ('"certificate_id" bigint NULL', '"certificate_id" bigint NOT NULL'),
            "column apis_api.certificate_id may not be empty",
        ),
        (
            "ALTER TABLE apis_api DROP CONSTRAINT no_name_validation_without_the_chain",
            ('"no_name_validation_without_the_chain"', '"another"'),
            "no_name_validation_without_the_chain of table apis_api is missing",
        ),
        (
            "ALTER TABLE apis_api DROP CONSTRAINT apis_api_path_key",
            ('"path" varchar(400) NOT NULL UNIQUE', '"path" varchar(400) NOT NULL'),
            r"the rule that apis_api \(path\) is unique is missing",
        ),
        (
            "ALTER TABLE apis_api ADD COLUMN new integer NOT NULL",
            ('"asks_later" bool', '"new" integer NOT NULL, "asks_later" bool'),
            "apis_api.new is unknown",
        ),
    ],
)
def test_whatever_differs_is_named(postgresql: str, sqlite: tuple[str, str] | None, named: str) -> None:
    change(postgresql, sqlite)

    refusal = schema.refusal()

    assert re.search(named, refusal)
    assert "manage.py restore FILE" in refusal
    assert [error.id for error in checks.run_checks(tags=["database"], databases=["default"])] == ["portal.E005"]


def test_an_index_that_is_missing_is_named() -> None:
    with connection.cursor() as cursor:
        rules = connection.introspection.get_constraints(cursor, "apis_api")
    (index,) = [name for name, rule in rules.items() if rule["columns"] == ["certificate_id"] and rule["index"]]
    _execute(f'DROP INDEX "{index}"')

    assert schema.differences() == ["the index of apis_api (certificate_id) is missing"]


def test_what_others_have_added_is_theirs() -> None:
    _execute(
        "ALTER TABLE apis_api ADD COLUMN note text NULL", "CREATE TABLE notes (id integer)", "CREATE INDEX mine ON apis_api (description)"
    )

    assert schema.differences() == []


def test_a_version_that_starts_again_beside_a_newer_one_takes_what_that_has_widened() -> None:
    change("ALTER TABLE apis_api ALTER COLUMN description TYPE varchar(9000)", ('"description" text', '"description" varchar(9000)'))
    assert schema.differences()
    MigrationRecorder(connection).record_applied("apis", "9999_of_a_later_version")

    assert schema.differences() == []


def test_a_database_that_was_not_migrated_yet_is_for_the_setup_to_migrate() -> None:
    MigrationRecorder(connection).record_unapplied("apis", "0003_callers")
    _execute("DROP TABLE portal_preferences")

    assert [error.id for error in checks.run_checks(tags=["database"], databases=["default"])] == []
    assert "apis.0003_callers" in schema.unmigrated()
    assert "manage.py setup" in schema.unmigrated()


@pytest.mark.parametrize("done", ["DROP TABLE portal_preferences", "DELETE FROM django_migrations WHERE name = '0003_callers'"])
def test_nothing_starts_on_such_a_database(tmp_path: Path, done: str) -> None:
    """Of SQLite alone: what tells is the same."""
    told = "table portal_preferences is missing" if "DROP" in done else "lacks migrations of this version (apis.0003_callers)"
    home = tmp_path / "home"
    environment = {**os.environ, "PORTAL_HOME": str(home), "DATABASE_URL": ""}
    furnish(home, environment)

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=240, check=False)

    assert manage("setup").returncode == 0
    edit = f"import sqlite3; c = sqlite3.connect({str(home / 'portal.sqlite3')!r}); c.execute({done!r}); c.commit()"
    subprocess.run([sys.executable, "-c", edit], check=True)
    for command in (("portal", "run"), ("xds",), *([("setup",)] if "DROP" in done else [])):
        answer = manage(*command)
        assert answer.returncode != 0
        assert told in answer.stderr
        assert "Traceback" not in answer.stderr


def test_migrations_that_have_landed_are_never_edited() -> None:
    assert edited() == [], "somebody's database was made by them: put them back, and write a new migration"


def test_every_migration_is_on_the_list_of_those_that_have_landed() -> None:
    assert sorted(migrations().keys() - landed().keys()) == [], "run: python -m tests.landed"
