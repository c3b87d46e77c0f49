"""Pages on a real PostgreSQL: how many connections they take, and that no restart of the server costs a page an error of ours."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
import requests

from gateway.management.commands.xds import CONNECTIONS
from tests.postgresql import Server, stoppable_server
from tests.processes import PROJECT
from tests.whole.pages import Pages

VIEWERS = 60
EACH = 4  # connections of a worker, in these tests
WORKERS = 2


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    with stoppable_server(connections=30) as server:
        yield server


@pytest.fixture(scope="module")
def pages(database: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    home = tmp_path_factory.mktemp("homes") / "home"
    with Pages(home, DATABASE_URL=database.url, PORTAL_DATABASE_CONNECTIONS=str(EACH)) as running:
        yield running


class Viewers:
    """People who open pages all the time; a context manager.

    :ivar answers: when each call was begun, and what it was answered
    """

    def __init__(self, pages: Pages, number: int) -> None:
        """Sign in."""
        self.answers: list[tuple[float, int]] = []
        self._over = threading.Event()
        self._url = pages.url
        self._cookies = pages.sign_in().cookies.get_dict()
        self._threads = [threading.Thread(target=self._keep_reading, daemon=True) for _ in range(number)]

    def __enter__(self) -> Viewers:  # noqa: PYI034 - not subclassed
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _keep_reading(self) -> None:
        with requests.Session() as session:
            while not self._over.is_set():
                began = time.monotonic()
                answer = session.get(f"{self._url}/apis/", cookies=self._cookies, allow_redirects=False, timeout=60)
                self.answers.append((began, answer.status_code))
                time.sleep(0.01)


def _statuses(viewers: Viewers, *, since: float = 0.0) -> set[int]:
    return {status for began, status in viewers.answers if began >= since}


def _connections(database: Server, *, of: str = "") -> int:
    """Return how many there are, of all or of the process that calls itself so."""
    with psycopg.connect(database.url) as asking:
        row = asking.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name = coalesce(%s, application_name)",
            [of or None],
        ).fetchone()
        assert row
        return int(row[0])


def _is_ready(pages: Pages) -> bool:
    return requests.get(f"{pages.url}/readyz", timeout=10).ok


def _until_ready(pages: Pages) -> float:
    """Wait until the portal says that it is ready; return when it did."""
    until = time.monotonic() + 60
    while not _is_ready(pages):
        assert time.monotonic() < until
        time.sleep(0.1)
    return time.monotonic()


def test_many_viewers_take_no_more_connections_than_are_set(pages: Pages, database: Server) -> None:
    with Viewers(pages, VIEWERS) as viewers:
        most = 0
        until = time.monotonic() + 5
        while time.monotonic() < until:
            most = max(most, _connections(database))
            time.sleep(0.1)
    assert _statuses(viewers) == {200}
    assert 0 < most <= WORKERS * EACH


@pytest.mark.parametrize("seconds", [0.0, 4.0])
def test_a_restart_of_the_server_costs_no_page_an_error_of_ours(pages: Pages, database: Server, seconds: float) -> None:
    with Viewers(pages, 8) as viewers:
        time.sleep(1)
        database.stop()
        time.sleep(seconds)
        if seconds:
            told = requests.get(f"{pages.url}/readyz", timeout=10)
            assert (told.status_code, told.json()["parts"]["database"]) == (503, False)
            assert requests.get(f"{pages.url}/healthz", timeout=10).status_code == requests.codes.ok
        database.start()
        ready = _until_ready(pages)
        time.sleep(3)
    assert _statuses(viewers) <= {200, 503}
    assert _statuses(viewers, since=ready) == {200}


def test_connections_that_were_cut_while_nobody_looked_are_noticed_before_they_are_used(pages: Pages, database: Server) -> None:
    session = pages.sign_in()
    for _ in range(5):
        with psycopg.connect(database.url) as cutting:
            cutting.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL")
        assert [session.get(f"{pages.url}/apis/", timeout=30).status_code for _ in range(6)] == [200] * 6


def test_a_page_says_that_the_database_is_away(pages: Pages, database: Server) -> None:
    session = pages.sign_in()
    database.stop()
    try:
        answer = session.get(f"{pages.url}/apis/", timeout=30)
    finally:
        database.start()
    assert answer.status_code == requests.codes.unavailable
    assert "The database does not answer" in answer.text
    assert answer.headers["Retry-After"] == "5"
    _until_ready(pages)


def test_the_threads_of_a_control_plane_share_few_connections(pages: Pages, database: Server) -> None:
    environment = {**pages.environment, "PGAPPNAME": "control-plane"}
    with subprocess.Popen([sys.executable, "manage.py", "xds"], cwd=PROJECT, env=environment, stderr=subprocess.DEVNULL) as control_plane:
        try:
            until = time.monotonic() + 60
            while not _connections(database, of="control-plane") and time.monotonic() < until:
                time.sleep(0.1)
            seen = []
            for _ in range(50):
                seen.append(_connections(database, of="control-plane"))
                time.sleep(0.1)
        finally:
            control_plane.terminate()
    assert 2 <= max(seen) <= CONNECTIONS + 1  # the looks of /readyz have one of their own
