"""Keys and passwords are looked for everywhere after a life of uploads, calls, deletions and failures. None is found.

Every step is done twice: as it should be, and with a database that fails in its midst (a trigger on the activity log, the last thing
that a change writes), so that an exception rises through code that has the secrets in its hands.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psycopg
import pytest

from gateway.agent.supervisor import ADMIN_SOCKET
from kit.issuing import Issued
from tests import postgresql
from tests.processes import Portal, processes_of
from tests.signin.codes import code_of
from tests.whole import needles
from tests.whole.mailbox import Mailbox
from tests.whole.visitor import Visitor

PFX_PASSWORD = "pfx-pässword-93 4f"
WRONG_PASSWORD = "wrong-but-still-nobodys-business"
CHANNEL_TOKEN, CHANNEL_SECRET = "T0-channel-token-55d7", "channel-secrét-38 e9"
BASIC_PASSWORD = "basic-pässword-71 c2"
KNOWN = {"encryption-keys", "secret-key", "administrator-password", "demo"}  # what the home holds to be read by its owner


@dataclass
class Life:
    """What happened, which secrets were in play, and where they could have been left."""

    secrets: dict[str, set[bytes]] = field(default_factory=dict)
    places: dict[str, bytes] = field(default_factory=dict)

    def leaks(self, place: str) -> list[str]:
        """Return the names of the secrets that are found in a place."""
        return [name for name, forms in self.secrets.items() if any(form in self.places[place] for form in forms)]


@dataclass(frozen=True)
class Database:
    """Where the portal keeps its rows, and how to make it fail and to read all of it."""

    url: str = ""  # empty: SQLite in the portal's home

    def fail(self, portal: Portal, *, on: bool) -> None:
        """Make every change fail at its last step, or not any more."""
        if self.url:
            with psycopg.connect(self.url, autocommit=True) as connection:
                if on:
                    connection.execute(
                        "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'made to fail'; END $$"
                    )
                    connection.execute("CREATE TRIGGER fail BEFORE INSERT ON portal_activity FOR EACH ROW EXECUTE FUNCTION fail()")
                else:
                    connection.execute("DROP TRIGGER fail ON portal_activity")
            return
        file = sqlite3.connect(portal.home / "portal.sqlite3", timeout=20)
        command = "CREATE TRIGGER fail BEFORE INSERT ON portal_activity BEGIN SELECT RAISE(ABORT, 'made to fail'); END"
        file.execute(command if on else "DROP TRIGGER fail")
        file.close()

    def content(self) -> dict[str, bytes]:
        """Return a dump, and the server's files with their write-ahead log; SQLite's stand in the portal's home."""
        if not self.url:
            return {}
        folder = Path(self.url.partition("host=")[2])
        dump: list[str | Path] = [postgresql.binaries_of_the_package() / "pg_dump", "--column-inserts", self.url]
        return {
            "the dump": subprocess.run(dump, capture_output=True, check=True).stdout,
            "the database server's files": _files(folder / "data") + (folder / "log").read_bytes(),
        }


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """Return a life lived on each database, looked at while it goes on and afterwards."""
    folder = tmp_path_factory.mktemp("life")
    if request.param == "SQLite":
        yield _live(folder, Database())
    else:
        with postgresql.server() as url:
            yield _live(folder, Database(url))


PLACES = ("the home", "temporary files", "what the processes said", "mails", "Envoy's admin pages", "arguments", "environments", "pages")


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_left_in(life: Life, place: str) -> None:
    assert len(life.places[place]) > 100 or place == "temporary files", "there was nothing to look at"
    assert life.leaks(place) == []


def test_no_secret_is_left_in_the_database_its_log_or_a_dump(life: Life) -> None:
    places = {"the dump", "the database server's files"} & life.places.keys() or {"the home"}  # which holds SQLite's
    assert {place: life.leaks(place) for place in places} == {place: [] for place in places}


def test_the_hunt_would_have_found_them(life: Life) -> None:
    for name, forms in life.secrets.items():
        life.places["a place with a leak"] = b"before " + max(forms) + b" after"
        assert name in life.leaks("a place with a leak")


def _live(folder: Path, database: Database) -> Life:
    life = Life()
    temporary = folder / "tmp"
    temporary.mkdir()
    with Mailbox() as mailbox:
        environment = {"TMPDIR": str(temporary), "PORTAL_MAIL_HOST": "127.0.0.1", "PORTAL_MAIL_PORT": str(mailbox.port)}
        environment |= {"PORTAL_MAIL_ADMINISTRATORS": "somebody@example.com"}
        environment |= {"DATABASE_URL": database.url} if database.url else {}
        with Portal(folder / "home", extra_environment=environment) as portal, _Watch(portal, temporary) as watch:
            pages = _every_step(life, portal, database)
            life.places["Envoy's admin pages"] = _admin_pages(portal)
            life.places |= database.content()
            home = _files(portal.home)  # with SQLite's write-ahead log, which goes when the last connection closes
        life.places["the home"] = home + _files(portal.home)
        life.places["temporary files"] = b"\n".join(sorted(watch.files))
        life.places["what the processes said"] = portal.output.read_bytes()
        life.places["mails"] = b"\n".join(mailbox.mails)
        life.places["arguments"] = b"\n".join(sorted(watch.arguments))
        life.places["environments"] = b"\n".join(sorted(watch.environments))
        life.places["pages"] = pages
    return life


def _every_step(life: Life, portal: Portal, database: Database) -> bytes:
    """Take each step as it should be and with a failing database; return all pages that are not meant to show a secret."""
    visitor = Visitor(portal)
    first, second = portal.client_certificate("leak-hunt"), portal.client_certificate("leak-hunt")
    pages = [
        *_certificates(life, visitor, portal, database, first, second),
        *_credentials(life, visitor, portal, database),
        *_keys(life, visitor, portal, database),
        *_deletion(visitor, portal, database),
        *_channel(life, visitor, portal, database),
        *_second_factor(life, visitor),
    ]
    life.secrets["the session"] = needles.of_text(visitor.session_key)
    visitor.close()
    return "\n".join(pages).encode()


def _certificates(life: Life, visitor: Visitor, portal: Portal, database: Database, first: Issued, second: Issued) -> list[str]:
    upload, replace = "/security/client-certificates/upload/", "/security/client-certificates/leak-hunt/replace/"
    life.secrets["the password of the PFX file"] = needles.of_text(PFX_PASSWORD)
    life.secrets["a wrong password"] = needles.of_text(WRONG_PASSWORD)
    files = {}
    for name, issued in (("the first", first), ("the second", second)):
        files[name] = issued.pfx_file(PFX_PASSWORD)
        life.secrets[f"{name} private key"] = needles.of_private_key(issued)
        life.secrets[f"{name} PFX file"] = needles.of_file(files[name])
    database.fail(portal, on=True)
    failed = visitor.submit(upload, {"password": PFX_PASSWORD, "name": "leak-hunt"}, file=files["the first"])
    assert failed.status_code == 500
    database.fail(portal, on=False)
    wrong = visitor.submit(upload, {"password": WRONG_PASSWORD, "name": "leak-hunt"}, file=files["the first"])
    assert wrong.status_code == 422
    damaged = visitor.submit(upload, {"password": PFX_PASSWORD}, file=files["the second"][:-40])
    assert damaged.status_code == 422
    uploaded = visitor.submit(upload, {"password": PFX_PASSWORD, "name": "leak-hunt"}, file=files["the first"])
    assert uploaded.status_code == 303, uploaded.text
    database.fail(portal, on=True)
    failed_again = visitor.submit(replace, {"password": PFX_PASSWORD}, file=files["the second"])
    assert failed_again.status_code == 500
    database.fail(portal, on=False)
    assert visitor.submit(replace, {"password": PFX_PASSWORD}, file=files["the second"]).status_code == 303
    shown = visitor.read("/security/client-certificates/leak-hunt/")
    return [answer.text for answer in (failed, wrong, damaged, failed_again, shown)]


def _credentials(life: Life, visitor: Visitor, portal: Portal, database: Database) -> list[str]:
    """Bind the certificate, then a user name and password, then the certificate again; call under each."""
    security = "/apis/orders/security/"
    life.secrets["the basic password"] = needles.of_basic_credentials("gateway", BASIC_PASSWORD)
    trust = {"trusted_ca": portal.demo.authority.read_text(), "validate_certificate_chain": "on", "validate_certificate_name": "on"}
    certificate = {"credentials": "client-certificate", "certificate": "leak-hunt", **trust}
    basic = {"credentials": "basic", "username": "gateway", "password": BASIC_PASSWORD, **trust}
    pages = []
    for chosen in (certificate, basic, certificate):
        database.fail(portal, on=True)
        failed = visitor.submit(security, chosen)
        assert failed.status_code == 500
        database.fail(portal, on=False)
        assert visitor.submit(security, chosen).status_code == 303
        expected = 200 if chosen is certificate else 502  # the back end wants a certificate
        _until(lambda expected=expected: portal.call("/orders/1").status == expected)
        pages += [failed.text, visitor.read(security).text, visitor.read("/apis/orders/policy/").text, portal.call("/orders/2").text]
    return pages


def _keys(life: Life, visitor: Visitor, portal: Portal, database: Database) -> list[str]:
    keys = "/subscriptions/leak-hunt/keys/"
    new = {"display_name": "Leak hunt", "name": "leak-hunt", "scope": "api:orders"}
    created = visitor.submit("/subscriptions/new/", new)
    assert created.status_code == 303, created.text
    shown = re.findall(r"\b[0-9a-f]{32}\b", visitor.submit(keys).text)
    assert len(set(shown)) == 2, shown
    for number, key in enumerate(sorted(set(shown))):
        life.secrets[f"subscription key {number}"] = needles.of_text(key)
        _until(lambda key=key: portal.call("/orders/3", key=key).status == 200)
        _until(lambda key=key: portal.call(f"/orders/4?subscription-key={key}", key="").status == 200)
    database.fail(portal, on=True)
    failed = [visitor.submit(keys), visitor.submit("/subscriptions/leak-hunt/regenerate/", {"key": "primary"})]
    assert [answer.status_code for answer in failed] == [500, 500]
    database.fail(portal, on=False)
    return [created.text, *(answer.text for answer in failed), visitor.read("/subscriptions/leak-hunt/").text]


def _deletion(visitor: Visitor, portal: Portal, database: Database) -> list[str]:
    delete = "/security/client-certificates/leak-hunt/delete/"
    in_use = visitor.submit(delete)
    assert in_use.status_code == 409
    assert visitor.submit("/apis/orders/security/", {"credentials": "none"}).status_code == 303
    database.fail(portal, on=True)
    failed = visitor.submit(delete)
    assert failed.status_code == 500
    database.fail(portal, on=False)
    assert visitor.submit(delete).status_code == 303
    return [in_use.text, failed.text, visitor.read("/activity/").text]


def _channel(life: Life, visitor: Visitor, portal: Portal, database: Database) -> list[str]:
    """Add a channel for notices, change it and try it; nobody listens there."""
    life.secrets["the URL of a channel"] = needles.of_text(CHANNEL_TOKEN)
    life.secrets["the secret of a channel"] = needles.of_text(CHANNEL_SECRET)
    new = {"name": "leak-hunt", "kind": "webhook", "language": "en", "secret": CHANNEL_SECRET, "url": f"http://127.0.0.1:1/{CHANNEL_TOKEN}"}
    changed = {name: new[name] for name in ("url", "secret", "language")}
    pages = [visitor.submit("/notices/channels/new/", new | {"url": f"ftp://127.0.0.1/{CHANNEL_TOKEN}"})]
    assert pages[0].status_code == 422
    for page, fields in (("/notices/channels/new/", new), ("/notices/channels/leak-hunt/", changed)):
        database.fail(portal, on=True)
        pages.append(visitor.submit(page, fields))
        assert pages[-1].status_code == 500
        database.fail(portal, on=False)
        assert visitor.submit(page, fields).status_code == 303
    assert visitor.submit("/notices/channels/leak-hunt/test/").status_code == 303
    return [*(answer.text for answer in pages), *(visitor.read(page).text for page in ("/notices/", "/notices/channels/leak-hunt/"))]


def _second_factor(life: Life, visitor: Visitor) -> list[str]:
    app = "/accounts/second-factors/app/"
    shown = re.search(r'id="key">([A-Z2-7 ]+)<', visitor.read(app).text)
    assert shown
    key = shown[1].replace(" ", "")
    refused = visitor.send(app, {"code": "000000"})
    assert refused.status_code == 422  # shows the key again, as it has to
    assert visitor.send(app, {"code": code_of(key)}).status_code == 303
    life.secrets["the key of the app"] = needles.of_text(key)
    return [visitor.read("/accounts/second-factors/").text, visitor.read("/activity/").text]


class _Watch:
    """Looks, all the time, at the arguments and environments of the portal's processes and at its temporary files."""

    def __init__(self, portal: Portal, temporary: Path) -> None:
        self._portal, self._temporary = portal, temporary
        self.arguments: set[bytes] = set()
        self.environments: set[bytes] = set()
        self.files: set[bytes] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            for process in processes_of(self._portal.pid):
                self.arguments.add(_content(Path(f"/proc/{process}/cmdline")))
                self.environments.add(_content(Path(f"/proc/{process}/environ")))
            self.files.add(_files(self._temporary))


def _admin_pages(portal: Portal) -> bytes:
    """Return everything that Envoy's admin interface tells."""
    pages = b""
    for path in ("/config_dump?include_eds", "/stats", "/clusters?format=json", "/certs", "/listeners", "/server_info", "/init_dump"):
        connection = http.client.HTTPConnection("envoy")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(portal.home / ADMIN_SOCKET))
        connection.request("GET", path)
        pages += connection.getresponse().read()
        connection.close()
    return pages


def _files(folder: Path) -> bytes:
    """Return names and contents of all files below *folder*, but those of the home that its owner is meant to read."""
    found = []
    for path in sorted(Path(place) / name for place, _, names in os.walk(folder) for name in names):  # a folder may go meanwhile
        if path.relative_to(folder).parts[0] not in KNOWN and path.is_file():
            found += [str(path).encode(), _content(path)]
    return b"\n".join(found)


def _content(path: Path) -> bytes:
    """Return what a file holds; nothing if it is gone by now."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _until(condition: object, seconds: float = 10) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
