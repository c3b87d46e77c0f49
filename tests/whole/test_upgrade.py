"""An upgrade from the version before, process by process, while the others of either version go on."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.gateway.backends import Backend
from tests.postgresql import server
from tests.processes import PROJECT
from tests.whole.pages import try_to_sign_in
from tests.whole.releases import BEFORE, Releases, earlier, eventually

AFTER = PROJECT
PAGES = (
    "/",
    "/apis/",
    "/security/client-certificates/",
    "/subscriptions/",
    "/gateways/",
    "/activity/",
    "/people/",
    "/apis/first/security/",
)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return earlier(BEFORE, tmp_path_factory.mktemp("before"))


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "SQLite":
        yield ""
    else:
        with server() as url:
            yield url


@contextmanager
def calling(releases: Releases, name: str) -> Iterator[Counter[int]]:
    """Keep calling an API; yields how many calls ended how."""
    statuses: Counter[int] = Counter()
    over = threading.Event()

    def call() -> None:
        while not over.is_set():
            statuses[releases.call(name)] += 1
            time.sleep(0.02)

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join()


def pages_of(session: requests.Session, url: str) -> dict[str, int]:
    return {page: session.get(f"{url}{page}", timeout=30).status_code for page in PAGES}


def test_each_process_is_replaced_while_those_of_the_version_before_go_on(before: Path, database: str, tmp_path: Path) -> None:
    all_well = dict.fromkeys(PAGES, 200)
    with Backend() as backend, Releases(tmp_path / "home", database) as releases:
        releases.manage(before, "setup")
        releases.start("old control plane", before, "xds")
        releases.start("old gateway", before, "gateway", "run")
        releases.start("portal", before, "portal", "run")
        releases.make_api(before, "first", backend.port)
        eventually(lambda: _answers(releases.portal))
        session = requests.Session()
        try_to_sign_in(session, releases.portal, "admin", releases.environment["PORTAL_ADMIN_PASSWORD"])

        with calling(releases, "first") as statuses:
            releases.manage(AFTER, "setup")
            assert pages_of(session, releases.portal) == all_well, "the old portal, on the new tables"
            releases.make_api(before, "written-by-the-old", backend.port)

            releases.start("control plane", AFTER, "xds")
            eventually(lambda: "standing by" in releases.said)
            releases.end("old control plane")
            releases.make_api(before, "by-the-new-control-plane", backend.port)

            releases.end("portal")
            releases.start("portal", AFTER, "portal", "run")
            eventually(lambda: _answers(releases.portal))
            assert pages_of(session, releases.portal) == all_well, "the new portal; nobody has to sign in again"
            releases.make_api(AFTER, "written-by-the-new", backend.port)
        assert set(statuses) == {200}

        releases.end("old gateway")
        releases.start("gateway", AFTER, "gateway", "run")
        for name in ("first", "written-by-the-old", "by-the-new-control-plane", "written-by-the-new"):
            eventually(lambda name=name: releases.call(name) == 200)  # type: ignore[misc]  # what it is called with is bound
        releases.end("control plane")
        releases.start("old control plane", before, "xds")
        releases.make_api(AFTER, "a-new-agent-on-the-old-control-plane", backend.port)


def _answers(portal: str) -> bool:
    try:
        return requests.get(f"{portal}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("commit", ["d052316", "9e81fd9"], ids=["a chained log", "HTTPS"])  # that of the version before is made above
def test_a_database_of_earlier_days_gets_sound_tables(commit: str, tmp_path: Path) -> None:
    release = earlier(commit, tmp_path / "release")
    with Releases(tmp_path / "home") as releases:
        releases.manage(release, "setup")

        assert "Everything is set up." in releases.manage(AFTER, "setup")


_WITHOUT_AXES = """
from portal.settings import *
INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "axes"]
MIDDLEWARE = [one for one in MIDDLEWARE if not one.startswith("axes")]
"""


@pytest.mark.parametrize(
    ("commit", "missing"),
    [
        ("cb9ff48", "table certificates_expirynotice is missing; table portal_preferences is missing"),
        ("d8739c1", "table certificates_expirynotice is missing"),
    ],
)
def test_one_whose_migrations_were_edited_afterwards_is_refused(commit: str, missing: str, tmp_path: Path) -> None:
    """Of the first days; what they had besides and is not installed any more does not matter here."""
    release = earlier(commit, tmp_path / "release")
    (release / "without_axes.py").write_text(_WITHOUT_AXES, encoding="utf-8")
    (tmp_path / "home").mkdir(mode=0o700)
    with Releases(tmp_path / "home") as releases:
        usual = releases.environment
        releases.environment = usual | {"DJANGO_SETTINGS_MODULE": "without_axes", "PORTAL_SECRET_KEY": "s" * 50}
        releases.manage(release, "migrate", "--skip-checks")
        releases.environment = usual

        upgraded = releases.try_to_manage(AFTER, "setup")

    assert upgraded.returncode == 1
    assert missing in upgraded.stderr
    assert "manage.py restore FILE" in upgraded.stderr
