"""What every test stands on: people in the three roles and a client that is signed in."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client, TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from certificates.endings import endings
from gateway.seeing import last_day
from portal.hashing import PortalPasswordHasher
from portal.roles import ADMINISTRATORS, PUBLISHERS, VIEWERS
from tests.emptying import empty_tables
from tests.homes import tables
from tests.postgresql import TEMPLATE_VARIABLE

# Speed is measured by the benchmarks: a property does not fail because the machine is busy.
settings.register_profile("portal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("portal")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run on PostgreSQL what asks a database something it might answer in its own way; the rest is as on SQLite and has run there."""
    if connection.vendor == "postgresql":
        untouched = [item for item in items if not _touches_a_database(item) or item.get_closest_marker("any_database")]
        config.hook.pytest_deselected(items=untouched)
        items[:] = [item for item in items if item not in set(untouched)]


def pytest_collection_finish() -> None:
    """Leave what has been imported out of garbage collections: they would take a tenth of the run to walk through it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _touches_a_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & {"db", "transactional_db", "empty_database"})


@cache
def _password_hash() -> str:
    """Return the hash of the one password of all; hashing is slow on purpose."""
    return make_password("correct horse battery staple")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Keep the tests' SQLite database in a file, as the portal does: in memory, several writers at once only meet locks.

    Either database is a copy of one that has tables.
    """
    if connection.vendor == "sqlite":
        name = f"{os.environ['PORTAL_HOME']}/tests.sqlite3"
        shutil.copy(tables(), name)
        connection.settings_dict["TEST"]["NAME"] = name
    elif template := os.environ.get(TEMPLATE_VARIABLE):
        connection.settings_dict["TEST"]["TEMPLATE"] = template


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Begin with the tables that are there: those of SQLite are copied."""
    return connection.vendor == "sqlite"


@pytest.fixture(scope="session", autouse=True)
def tables_are_emptied_quickly() -> Iterator[None]:
    """Let tests that commit end so; `transactional_db` and the mark alike end in this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: empty_tables())
        yield


@pytest.fixture(scope="session", autouse=True)
def passwords_are_hashed_quickly() -> Iterator[int]:
    """Let a hash cost a thousandth; give what it costs people."""
    peoples = PortalPasswordHasher.memory_cost
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PortalPasswordHasher, "memory_cost", 64)
        yield peoples


@pytest.fixture
def passwords_are_hashed_as_they_are(passwords_are_hashed_quickly: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a hash cost what it costs people."""
    monkeypatch.setattr(PortalPasswordHasher, "memory_cost", passwords_are_hashed_quickly)


@pytest.fixture
def empty_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[None]:
    """Lead to a database without tables, so that migrations begin at their beginning: to go back from the newest takes a minute."""
    ours = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            empty = str(tmp_path / "empty.sqlite3")
        else:
            empty = f"{ours}_empty"
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(empty)}")
        _lead_to(empty)
        connection.prepare_database()
        yield
        _lead_to(ours)
        if connection.vendor != "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {connection.ops.quote_name(empty)}")


def _lead_to(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database


@pytest.fixture(autouse=True)
def nobodys_language() -> None:
    """Begin each test in the language of the settings: that of the last reader stays with the thread."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def permissions_of_new_files() -> Iterator[None]:
    """Leave the process's mask as it was: commands called here change it for good, and others' servers read what tests write."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Begin each test with an empty memory of the hours that are over, and of when certificates end."""
    last_day.forget()
    endings.forget()


def _person(name: str, role: str) -> User:
    user = User.objects.create(username=name, email=f"{name}@example.com", password=_password_hash())
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def viewer(db: None) -> User:
    return _person("viewer", VIEWERS)


@pytest.fixture
def publisher(db: None) -> User:
    return _person("publisher", PUBLISHERS)


@pytest.fixture
def administrator(db: None) -> User:
    return _person("administrator", ADMINISTRATORS)


@pytest.fixture
def signed_in(publisher: User) -> Client:
    """Return a test client signed in as a publisher."""
    client = Client()
    client.force_login(publisher)
    return client


@pytest.fixture
def administrators_pages(administrator: User) -> Client:
    """Return a test client signed in as an administrator."""
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture(autouse=True)
def plain_static_files(settings: Settings) -> None:
    """Serve static files by their plain names: tests run without `collectstatic`."""
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
