"""The image, built once, and all services of compose.yaml, started from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import postgresql
from tests.image import pods
from tests.image.building import Image, build
from tests.image.containers import Engine, services
from tests.image.lab import Lab

HEALTHY = ("portal-1", "portal-2", "control-plane-1", "control-plane-2", "gateway-1", "gateway-2")


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    built = build(tmp_path_factory.mktemp("base"))
    yield built
    built.release()


@pytest.fixture(scope="session")
def engine(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("containers")
    with (
        Lab([*services(), *pods.HOSTS, "alone"], folder, aliases=pods.ALIASES) as lab,
        postgresql.stoppable_server(listens_on=lab.here) as server,
    ):
        lab.address["database"] = lab.here
        running = Engine(image, lab, folder)
        lab.tell_hosts()
        secrets = running.up("secrets")
        assert secrets
        assert secrets.process.wait(30) == 0, secrets.said
        _make_database(server, running.volume("secrets") / "database-password")
        try:
            for name in services():
                running.up(name)
            for name in HEALTHY:
                running.await_healthy(name)
            yield running
        finally:
            running.down()


def _make_database(server: postgresql.Server, password: Path) -> None:
    """Do what the image of PostgreSQL does with POSTGRES_USER and POSTGRES_PASSWORD_FILE."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"ALTER USER portal PASSWORD '{password.read_text()}'".encode())
        connection.execute("CREATE DATABASE portal")
