"""Our side: a portal of a given size with its xDS process and its gateway, in a home of its own, beside whatever else runs here."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks import servers
from benchmarks.backends import Backend
from benchmarks.callers import Request, call_once
from benchmarks.plan import Plan, call_path, key_of
from benchmarks.publisher import Publisher
from benchmarks.report import progress
from kit.ports import free_port

_STATUS = Request("/status-0123456789abcdef")
_OURS = ("PORTAL_", "GATEWAY_", "DATABASE_", "DJANGO_", "DEMO_", "XDS_")


@dataclass(slots=True, kw_only=True)
class Stack:
    """A portal with everything that belongs to it; a context manager.

    :ivar home: its ``PORTAL_HOME``, which must not exist yet, or be empty
    :ivar database_url: of a PostgreSQL without tables; empty: SQLite in *home*
    :ivar further: more of the environment of its processes
    :ivar served: whether ``manage.py serve`` keeps all processes; else each is started alone, and nobody starts it again
    :ivar core: the one processor core that the gateway may use; ``None``: all
    :ivar control_core: the same for the xDS process
    :ivar fed_after: seconds from starting xDS process and gateway, both cold, to the gateway's first answer
    """

    home: Path
    backend: Backend
    plan: Plan
    database_url: str = ""
    further: Mapping[str, str] = field(default_factory=dict)
    served: bool = False
    core: int | None = None
    control_core: int | None = None
    port: int = field(default_factory=free_port)  # the gateway's
    portal_port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(init=False)
    publisher: Publisher = field(init=False)
    running: dict[str, servers.Server] = field(init=False, default_factory=dict)
    fed_after: float = field(init=False, default=0.0)

    def __enter__(self) -> Self:
        """Set up, fill the database, start xDS process and gateway and wait until calls are answered."""
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(_OURS)},
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORTAL_HOME": str(self.home),
            "PORTAL_ADDRESS": f"{servers.HOST}:{self.portal_port}",
            "GATEWAY_ADDRESS": f"{servers.HOST}:{self.port}",
            "GATEWAY_RESTART_SECONDS": "15",
            "PORTAL_ALLOWED_BACKEND_NETWORKS": "127.0.0.0/8",
            **({"DATABASE_URL": self.database_url} if self.database_url else {}),
            **self.further,
        }
        progress(f"Making a portal with {self.plan.apis:,} APIs, {self.plan.certificates:,} certificates, {self.plan.keys:,} keys …")
        self._begin_with_tables()
        setup = self._start("setup")
        assert setup.process.wait() == 0, setup.log.read_text()
        self.publisher = Publisher(self.environment)
        try:
            self.publisher.fill(self.plan, backend_url=self.backend.url, authority=self.backend.authority)
            began = time.monotonic()
            self.start()
            self.fed_after = self.wait_until_answering() - began
        except BaseException:
            self.stop()
            raise
        return self

    def _begin_with_tables(self) -> None:
        """Take the tables of the SQLite database that ``BENCHMARKS_TABLES`` names, if it does, instead of making them."""
        if (tables := os.environ.get("BENCHMARKS_TABLES")) and not self.database_url:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy(tables, self.home / "portal.sqlite3")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End everything."""
        self.stop()

    def stop(self) -> None:
        """End everything."""
        for server in self.running.values():
            server.stop()
        self.publisher.stop()

    def start(self) -> None:
        """Start xDS process and gateway, or all that ``manage.py serve`` keeps."""
        if self.served:
            self.running["serve"] = self._start("serve")
            servers.wait_for_port(self.portal_port, self.running["serve"])
        else:
            self.start_xds()
            self.start_gateway()

    def start_xds(self, *, name: str = "xds") -> servers.Server:
        """Start the xDS process, or another one under another *name*."""
        self.running[name] = self._start("xds", core=self.control_core)
        return self.running[name]

    def start_gateway(self) -> servers.Server:
        """Start the gateway."""
        self.running["gateway"] = self._start("gateway", "run", core=self.core)
        return self.running["gateway"]

    def start_portal(self) -> servers.Server:
        """Start the portal's pages and wait until they answer."""
        self.running["portal"] = self._start("portal", "run")
        servers.wait_for_port(self.portal_port, self.running["portal"])
        return self.running["portal"]

    def manage(self, *command: str) -> str:
        """Run a command of the portal to its end and return what it says."""
        log = self.log_of(command[0])
        before = log.stat().st_size if log.exists() else 0
        done = self._start(*command)
        assert done.process.wait() == 0, log.read_text()
        return log.read_bytes()[before:].decode()

    def log_of(self, command: str) -> Path:
        """Return the file that takes what the processes started by *command* say."""
        return self.home.with_name(f"{self.home.name}-{command}.log")

    def restart_gateway(self) -> None:
        """Have the supervisor replace Envoy without losing a call; returns once it has been told."""
        assert self._start("gateway", "restart").process.wait() == 0

    def envoys(self) -> list[int]:
        """Return the gateway's Envoy processes: one, or two while one replaces the other."""
        keeper = self.running["serve" if self.served else "gateway"]
        return [process for process in servers.family(keeper.pid) if servers.name_of(process).startswith("envoy")]

    def request(self, api: int, *, subscription: int = 0) -> Request:
        """Return a call to an API's last operation, by default with a key that opens all APIs."""
        return Request(call_path(api), key_of(subscription))

    def wait_until_answering(self, *, seconds: float = 120) -> float:
        """Return when (CLOCK_MONOTONIC) the gateway had its configuration.

        :raises servers.NotStarted: if it does not get it in time
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (call := call_once(self.port, _STATUS, timeout=1)).status == 200:
                return call.ended
            if any(server.process.poll() is not None for server in self.running.values()):
                break
            time.sleep(0.01)
        logs = "\n".join(server.log.read_text(errors="replace")[-3000:] for server in self.running.values())
        raise servers.NotStarted(f"The gateway got no configuration.\n{logs}")

    def _start(self, *command: str, core: int | None = None) -> servers.Server:
        log = self.log_of(command[0])
        return servers.start([sys.executable, "manage.py", *command], log=log, core=core, environment=self.environment)
