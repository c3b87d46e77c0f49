"""The gateway as it runs: the xDS process and Envoy under its supervisor, on the tests' database. Changes are made by actions."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from gateway.compile import STATUS_PATH
from gateway.models import Delivery, Gateway
from kit.ports import free_ports
from portal import identity
from tests.gateway.gateways import Answer
from tests.processes import PROJECT, children_of

_WITHIN_SECONDS = 60  # a machine may be busy
_MORE_PATIENT = 1.2
_LONGEST_PAUSE_SECONDS = 0.05
_TRIES_TO_PAUSE = 100
_KEY_HEADER = "Ocp-Apim-Subscription-Key"


def eventually(holds: Callable[[], Any], *, within: float = _WITHIN_SECONDS) -> Any:
    """Wait until *holds* returns something true and return it."""
    until = time.monotonic() + within
    pause = 0.002
    while not (result := holds()):
        assert time.monotonic() < until, "It did not come to hold in time."
        time.sleep(pause)
        pause = min(pause * _MORE_PATIENT, _LONGEST_PAUSE_SECONDS)  # whoever asks all the time keeps from its work what it waits for
    return result


class Plant:
    """A running xDS process and gateway."""

    def __init__(self) -> None:
        """Choose a home and a port; nothing runs yet."""
        self._folder = tempfile.TemporaryDirectory(prefix="plant-")
        self.home = Path(self._folder.name)
        self.port, self.https_port = free_ports(2)
        self.environment = {
            **os.environ,
            "PORTAL_HOME": str(self.home),
            "GATEWAY_ADDRESS": f"127.0.0.1:{self.port}",
            "GATEWAY_TLS_ADDRESS": f"127.0.0.1:{self.https_port}",
            "GATEWAY_NAME": "gateway-1",
            "GATEWAY_CONCURRENCY": "1",
            "GATEWAY_RESTART_SECONDS": "5",
            "DATABASE_URL": _database_url(),
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def serve(self) -> None:
        """Start the xDS process and wait until the gateway, if it runs, has caught up with it."""
        identity.begin_anew()  # the gateway has APIs of earlier tests, and the database none
        self.start("xds")
        try:
            if "gateway" in self._processes:
                eventually(lambda: Gateway.objects.filter(applied_at__isnull=False, disconnected_at=None).exists() and self.is_ready())
            else:
                eventually(self.xds_listens)
        except AssertionError:
            self.end("xds")  # or it would live on, and disturb every test after this one
            raise

    def xds_listens(self) -> bool:
        """Return whether the xDS process takes connections; its socket is there a moment before."""
        with socket.socket(socket.AF_UNIX) as caller:
            try:
                caller.connect(str(self.home / "xds.sock"))
            except OSError:
                return False
        return True

    def end_all(self) -> None:
        """End everything."""
        for name in list(self._processes):
            self.end(name)
        self._folder.cleanup()

    def start(self, name: str, *arguments: str, called: str = "", **environment: str) -> None:
        """Run a command of the project, remembered as *called* or by its name."""
        with (self.home / f"{called or name}.log").open("ab") as log:
            self._processes[called or name] = subprocess.Popen(
                [sys.executable, "manage.py", name, *arguments],
                cwd=PROJECT,
                env=self.environment | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def end(self, name: str, *, how: signal.Signals = signal.SIGTERM) -> int:
        """End a process and return its exit code."""
        process = self._processes.pop(name)
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)  # one that stands still would never end
        return process.wait(_WITHIN_SECONDS)

    def wait_for(self, name: str) -> int:
        """Wait until a process ends by itself and return its exit code."""
        return self._processes.pop(name).wait(_WITHIN_SECONDS)

    def pause(self, name: str) -> None:
        """Let a process stand still, though not while it holds the lock of SQLite's file: nobody else could write."""
        process = self._processes[name]
        for _ in range(_TRIES_TO_PAUSE):
            process.send_signal(signal.SIGSTOP)
            if _file_is_free():
                return
            process.send_signal(signal.SIGCONT)
            time.sleep(_LONGEST_PAUSE_SECONDS)
        raise AssertionError(f"{name} held the lock of the file whenever it was to stand still.")

    def resume(self, name: str) -> None:
        """Let it go on."""
        self._processes[name].send_signal(signal.SIGCONT)

    def hot_restart(self) -> None:
        """Have the gateway's Envoy replaced by a new one that takes over; return once the old one has gone."""
        before = self.envoys()
        self._processes["gateway"].send_signal(signal.SIGHUP)
        eventually(lambda: (now := self.envoys()) and not before & now)

    def envoys(self) -> set[int]:
        """Return the ids of the gateway's Envoys."""
        return children_of(self._processes["gateway"].pid, "envoy")

    def agents(self) -> set[int]:
        """Return the id of the gateway's agent."""
        return children_of(self._processes["gateway"].pid, "python")

    def log_of(self, name: str) -> str:
        """Return what a process has said."""
        return (self.home / f"{name}.log").read_text()

    def call(self, target: str, *, key: str = "") -> Answer:
        """Call the gateway on a connection of its own."""
        calling = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            return self.call_on(calling, target, key=key)
        finally:
            calling.close()

    def call_on(self, calling: http.client.HTTPConnection, target: str, *, key: str = "") -> Answer:
        """Call the gateway on an open connection."""
        calling.request("GET", target, headers={_KEY_HEADER: key} if key else {})
        response = calling.getresponse()
        return Answer(status=response.status, headers={k.lower(): v for k, v in response.getheaders()}, body=response.read())

    def applied(self, change: int) -> datetime | None:
        """Return when the gateway applied *change*, ``None`` if it has not yet."""
        return Delivery.objects.filter(change=change).values_list("applied_at", flat=True).first()

    @contextlib.contextmanager
    def callers(self, target: str, *, key: str, number: int = 4) -> Iterator[Traffic]:
        """Keep calling while the block runs."""
        traffic = Traffic()
        threads = [threading.Thread(target=self._keep_calling, args=(target, key, traffic), daemon=True) for _ in range(number)]
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: len(traffic.calls) > 10 * number)
            yield traffic
        finally:
            traffic.over.set()
            for thread in threads:
                thread.join(_WITHIN_SECONDS)

    def _keep_calling(self, target: str, key: str, traffic: Traffic) -> None:
        calling = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not traffic.over.is_set():
            began = datetime.now(UTC)
            try:
                answer = self.call_on(calling, target, key=key)
            except (OSError, http.client.HTTPException) as error:
                calling.close()
                traffic.calls.append((began, 0, repr(error)))
                continue
            traffic.calls.append((began, answer.status, answer.json["thumbprint"] if answer.status == 200 else answer.body.decode()))
        calling.close()

    def admin(self, path: str) -> str:
        """Return what Envoy's admin page says."""
        said = subprocess.run(
            ["curl", "-sg", "--unix-socket", "gateway-admin.sock", f"http://localhost{path}"],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=True,
        )
        return said.stdout

    def is_ready(self) -> bool:
        """Return whether the gateway has its configuration."""
        try:
            return self.call(STATUS_PATH).status == 200
        except OSError:
            return False


@dataclass
class Traffic:
    """Calls made meanwhile: when each began, its status, the thumbprint the back end saw (or what was answered instead)."""

    calls: list[tuple[datetime, int, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def statuses(self) -> Counter[int]:
        """How many calls ended how."""
        return Counter(status for _, status, _ in self.calls)

    def seen(self, thumbprint: str) -> bool:
        """Return whether a call carried this certificate."""
        return any(found == thumbprint for _, _, found in self.calls[-400:])

    def since(self, moment: datetime) -> set[str]:
        """Return the certificates of calls begun after *moment*."""
        return {found for began, _, found in self.calls if began > moment}


def _file_is_free() -> bool:
    """Return whether nobody holds the lock of SQLite's file; PostgreSQL has none."""
    if connection.vendor != "sqlite":
        return True
    file = sqlite3.connect(connection.settings_dict["NAME"], timeout=0)
    with contextlib.closing(file), contextlib.suppress(sqlite3.OperationalError):
        file.execute("BEGIN IMMEDIATE")
        return True
    return False


def _database_url() -> str:
    """Return the tests' database as another process names it."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
