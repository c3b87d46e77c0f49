"""Two versions of the project on one home and one database, as during an upgrade: the test says which process is of which."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from kit.ports import free_ports
from tests.processes import PROJECT

# The version that those that follow are upgraded from. A release moves it to the tag before.
BEFORE = "8aeb6b10e3ff43483532622d3fe0917a4b94bad6"
WITHIN_SECONDS = 120.0
_API = """
from django.utils import timezone
from apis import actions
chosen = actions.ApiSettings(display_name={name!r}, service_url={url!r}, path={name!r}, subscription_required=False)
api = actions.create_api({name!r}, chosen, by=None, now=timezone.now())
actions.add_operation(api, name="everything", display_name="Everything", method="*", url_template="/*", by=None, now=timezone.now())
"""


def earlier(commit: str, folder: Path) -> Path:
    """Return *folder* with the project as it was at *commit*; without its history the test is left out, and says so."""
    packed = subprocess.run(["git", "archive", commit], cwd=PROJECT, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(
            f"needs commit {commit[:7]}, which this checkout lacks: git fetch --unshallow"
        )  # a copy without history may be tested, too
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


class Releases:
    """One home, and the processes that run on it; a context manager.

    :ivar portal: where the pages are
    :ivar gateway: where calls go
    """

    def __init__(self, home: Path, database: str = "") -> None:
        """Choose addresses; nothing runs yet."""
        portal, gateway = free_ports(2)
        self.portal, self.gateway = f"http://127.0.0.1:{portal}", f"http://127.0.0.1:{gateway}"
        self._log = home.with_suffix(".log")
        ours = ("PORTAL_", "GATEWAY_", "DATABASE_", "DJANGO_")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
            "PORTAL_HOME": str(home),
            "PORTAL_ADDRESS": f"127.0.0.1:{portal}",
            "GATEWAY_ADDRESS": f"127.0.0.1:{gateway}",
            "PORTAL_ALLOWED_BACKEND_NETWORKS": "127.0.0.0/8",
            "PORTAL_ADMIN_PASSWORD": "orchid-lantern-of-the-first",
            **({"DATABASE_URL": database} if database else {}),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Releases:  # noqa: PYI034 - not subclassed
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._running):
            self.end(name)

    @property
    def said(self) -> str:
        """What all have said so far."""
        return self._log.read_text(errors="replace")

    def manage(self, release: Path, *arguments: str) -> str:
        """Run a command of *release* and return what it says."""
        done = self.try_to_manage(release, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def try_to_manage(self, release: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of *release*, which may fail."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=release, env=self.environment, capture_output=True, text=True, timeout=120, check=False)

    def start(self, name: str, release: Path, *arguments: str) -> None:
        """Start a process of *release*, called *name*."""
        with self._log.open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "manage.py", *arguments], cwd=release, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def end(self, name: str) -> None:
        """End a process and wait until it has ended."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        process.wait(WITHIN_SECONDS)

    def make_api(self, release: Path, name: str, port: int) -> None:
        """Have *release* write a new API, and wait until calls find it."""
        self.manage(release, "shell", "-c", _API.format(name=name, url=f"http://127.0.0.1:{port}"))
        eventually(lambda: self.call(name) == requests.codes.ok, lambda: f"{name} is not live:\n{self.said}")

    def call(self, name: str) -> int:
        """Call an API and return the status; 0 where nobody answers."""
        try:
            return requests.get(f"{self.gateway}/{name}/", timeout=20).status_code
        except requests.ConnectionError:
            return 0


def eventually(happens: Callable[[], bool], otherwise: Callable[[], str] = str) -> None:
    """Wait until it happens."""
    until = time.monotonic() + WITHIN_SECONDS
    while not happens():
        assert time.monotonic() < until, otherwise()
        time.sleep(0.1)
