"""The portal speaks TLS itself: pages and REST, and another certificate without a lost request."""

from __future__ import annotations

import http.client
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from kit.issuing import Issued, issue
from kit.ports import free_ports
from tests.gateway.plant import eventually
from tests.homes import furnish
from tests.processes import PROJECT

AUTHORITY = issue("authority", authority=True)

_WORKERS = 2


def _server(number: int) -> Issued:
    return issue(f"portal-{number}", by=AUTHORITY, hosts=("localhost",))


class _Portal:
    """The portal alone, by TLS."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.port = free_ports(1)[0]
        self.home, self.folder = home, folder
        self.environment = {
            **os.environ,
            "PORTAL_HOME": str(home),
            "PORTAL_ADDRESS": f"127.0.0.1:{self.port}",
            "DATABASE_URL": "",
            "PORTAL_TLS_CERTIFICATE": str(folder / "portal.crt"),
            "PORTAL_TLS_KEY": str(folder / "portal.key"),
        }

    def write(self, issued: Issued) -> None:
        (self.folder / "portal.crt").write_text(issued.pem + issued.chain_pem)
        (self.folder / "portal.key").write_text(issued.key_pem)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, check=False)

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "manage.py", "portal", "run"], cwd=PROJECT, env=self.environment)
        eventually(self.is_there)

    def is_there(self) -> bool:
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, http.client.HTTPMessage]:
        calling = http.client.HTTPSConnection("localhost", self.port, timeout=10, context=ssl.create_default_context(cadata=AUTHORITY.pem))
        try:
            calling.request("GET", path)
            answer = calling.getresponse()
            answer.read()
            return answer.status, answer.headers
        finally:
            calling.close()

    def shows(self, issued: Issued) -> bool:
        """Return whether every worker shows this certificate, as far as some tries tell."""
        tried = [ssl.get_server_certificate(("127.0.0.1", self.port)) for _ in range(8)]
        return {ssl.PEM_cert_to_DER_cert(pem) for pem in tried} == {issued.der}


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[_Portal]:
    made = _Portal(tmp_path / "home", tmp_path)
    made.write(_server(0))
    furnish(made.home, made.environment)
    assert made.manage("setup").returncode == 0
    made.start()
    yield made
    made.process.send_signal(signal.SIGTERM)
    made.process.wait(30)


def test_pages_and_rest_are_served_as_behind_tls(portal: _Portal) -> None:
    status, headers = portal.get("/accounts/login/")
    assert status == 200
    assert "max-age" in headers["Strict-Transport-Security"]
    assert headers["Set-Cookie"].startswith("__Host-")
    assert "Secure" in headers["Set-Cookie"]
    assert portal.get("/management/x?api-version=2024-05-01")[0] == 401


def test_another_certificate_is_taken_without_a_lost_request_and_a_wrong_one_is_not(portal: _Portal) -> None:
    statuses, over, cut = Counter[object](), threading.Event(), []

    def keep_asking() -> None:
        while not over.is_set():
            try:
                statuses[portal.get("/healthz")[0]] += 1
            except ssl.SSLEOFError as error:  # closed before it was answered at all: clients ask again, as RFC 9112 (9.3.1) lets them
                cut.append(error)
            except OSError as error:
                statuses[repr(error)] += 1

    asking = [threading.Thread(target=keep_asking) for _ in range(2)]
    for one in asking:
        one.start()
    (portal.folder / "portal.key").write_text(issue("other").key_pem)
    time.sleep(2.5)
    renewed = _server(1)
    portal.write(renewed)
    eventually(partial(portal.shows, renewed), within=120)
    over.set()
    for one in asking:
        one.join()
    assert set(statuses) == {200}, statuses
    assert len(cut) <= _WORKERS * len(asking), "a worker that is replaced closes what has not asked yet, once each"


def test_a_key_of_another_certificate_is_refused_at_the_start(tmp_path: Path) -> None:
    made = _Portal(tmp_path / "home", tmp_path)
    made.write(_server(0))
    (tmp_path / "portal.key").write_text(issue("other").key_pem)
    assert made.manage("setup").returncode == 0
    refused = made.manage("portal", "run")
    assert refused.returncode != 0
    assert "does not belong to the certificate" in refused.stderr


def test_a_certificate_of_its_own_making_is_written_once(tmp_path: Path) -> None:
    made = _Portal(tmp_path / "home", tmp_path)
    assert made.manage("setup").returncode == 0
    told = made.manage("portal", "certificate", "--host", "localhost", "--directory", str(tmp_path))
    assert f"PORTAL_TLS_CERTIFICATE={tmp_path / 'portal.crt'}" in told.stdout
    again = made.manage("portal", "certificate", "--directory", str(tmp_path))
    assert again.returncode != 0
    assert "already" in again.stderr
    assert (tmp_path / "portal.key").stat().st_mode & 0o077 == 0
