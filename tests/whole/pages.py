"""The pages and the REST API alone, as the server serves them, and callers who speak HTTP byte by byte."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from tests.homes import furnish
from tests.processes import PROJECT, Portal, processes_of

PASSWORD = "orchid-lantern-of-the-first"
_READY_WITHIN_SECONDS = 240


class Pages:
    """A running portal without gateway; a context manager."""

    def __init__(self, home: Path, **environment: str) -> None:
        """Choose home and address; *environment* is added."""
        self._home = home
        self._portal = Portal(home, extra_environment={"PORTAL_ADMIN_PASSWORD": PASSWORD, **environment})
        self.url = self._portal.url
        self.port = int(self.url.rpartition(":")[2])
        self.environment = self._portal.environment
        self.manage = self._portal.manage

    def __enter__(self) -> Self:
        """Set it up and wait until it answers."""
        furnish(self._home, self.environment)
        self.manage("setup")
        with self._portal.output.open("w") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "portal", "run"], cwd=PROJECT, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + _READY_WITHIN_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self._portal.said
            assert time.monotonic() < deadline, self._portal.said
            time.sleep(0.1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)

    def wait_for(self, path: str = "/healthz") -> float:
        """Ask for a page as somebody new and return the seconds it took."""
        began = time.monotonic()
        answer = requests.get(f"{self.url}{path}", timeout=30)
        assert answer.status_code == requests.codes.ok, answer.text
        return time.monotonic() - began

    def memory(self) -> int:
        """Return the resident bytes of the server and its workers."""
        pages = 0
        for process in processes_of(self._process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one that was replaced at this very moment holds nothing
                pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * 4096

    def connect(self) -> socket.socket:
        """Return a connection that nothing was sent on."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def sign_in(self) -> requests.Session:
        """Return the session of the first administrator."""
        session = requests.Session()
        answer = try_to_sign_in(session, self.url, "admin", PASSWORD)
        assert answer.status_code == requests.codes.found, answer.text
        return session

    def _answers(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        return False


def try_to_sign_in(session: requests.Session, url: str, name: str, password: str) -> requests.Response:
    """Send the sign-in form."""
    page = session.get(f"{url}/accounts/login/", timeout=60).text
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]*)"', page)
    assert found, page
    fields = {"csrfmiddlewaretoken": found[1], "username": name, "password": password}
    return session.post(f"{url}/accounts/login/", data=fields, allow_redirects=False, timeout=60)


def post(path: str, *headers: str, length: int | None = None, body: bytes = b"") -> bytes:
    """Return a POST request; *length* may tell more than the *body* holds."""
    told = len(body) if length is None else length
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {told}", *headers, "", ""]).encode() + body


def answer_on(connection: socket.socket) -> bytes:
    """Return what comes back until the connection has nothing more to say for now."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (piece := connection.recv(65536)):
            break
        received += piece
    head, _, rest = received.partition(b"\r\n\r\n")
    if length := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
        while len(rest) < int(length[1]) and (piece := connection.recv(65536)):
            rest += piece
    return head + b"\r\n\r\n" + rest
