"""The whole thing, as a person starts it: `manage.py serve --demo` in a home of its own, on free ports."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from demo.identities import Folder
from kit.issuing import Issued, issue
from kit.ports import free_ports
from tests.homes import furnish

PROJECT = Path(__file__).resolve().parent.parent
_READY_WITHIN_SECONDS = 240  # on a machine that has much else to do
_ENDED_WITHIN_SECONDS = 90


def folder_open_to_all() -> Path:
    """Return where every user may look: the usual place for temporary files unless a folder above it is closed to others."""
    usual = Path(tempfile.gettempdir()).resolve()
    return usual if all(folder.stat().st_mode & 0o001 for folder in (usual, *usual.parents)) else Path("/tmp")  # noqa: S108 - where every user may look


@dataclass
class Portal:
    """A running portal with its xDS server, gateway and demonstration; a context manager.

    :ivar home: its ``PORTAL_HOME``, which must not exist yet or be an earlier one
    :ivar bare: whether it starts with nothing, and makes itself also what is the same in every home
    """

    home: Path
    extra_environment: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = (sys.executable, "manage.py", "serve", "--demo")
    bare: bool = False

    def __post_init__(self) -> None:
        """Choose the addresses."""
        portal, gateway, backend = free_ports(3)
        self.url = f"http://127.0.0.1:{portal}"
        self.gateway_url = f"http://127.0.0.1:{gateway}"
        self.backend_url = f"https://127.0.0.1:{backend}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "GATEWAY_", "DATABASE_", "DJANGO_"))},
            "PORTAL_HOME": str(self.home),
            "PORTAL_ADDRESS": f"127.0.0.1:{portal}",
            "GATEWAY_ADDRESS": f"127.0.0.1:{gateway}",
            "DEMO_BACKEND_ADDRESS": f"127.0.0.1:{backend}",
            "PORTAL_ALLOWED_BACKEND_NETWORKS": "127.0.0.0/8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "default",
            **self.extra_environment,
        }

    def __enter__(self) -> Self:
        """Start it and wait until portal and gateway answer and it has said how to try it."""
        if not self.bare:
            furnish(self.home, self.environment)
        with self.output.open("w") as output:
            self._process = subprocess.Popen(
                self.command,
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _READY_WITHIN_SECONDS
        while "Ctrl-C ends it all." not in self.said:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"The portal did not start:\n{self.said}")
            time.sleep(0.05)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self.stop()

    def stop(self) -> int:
        """End it as ``kill`` does and return the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self.exit_code()

    def exit_code(self) -> int:
        """Wait until it ends by itself and return the exit code."""
        return self._process.wait(_ENDED_WITHIN_SECONDS)

    @property
    def pid(self) -> int:
        """The process that started all others."""
        return self._process.pid

    @property
    def output(self) -> Path:
        """The file that takes what all processes say."""
        return self.home.with_suffix(".output")

    @property
    def said(self) -> str:
        """What all processes have said so far."""
        return self.output.read_text(encoding="utf-8", errors="replace") if self.output.exists() else ""

    def told(self, label: str) -> str:
        """Return what the start told under *label*, for instance the password."""
        found = re.search(rf"^{re.escape(label)} {{2,}}(\S.*)$", self.said, re.MULTILINE)
        assert found, f"{label} was not told:\n{self.said}"
        return found[1]

    @property
    def user_name(self) -> str:
        return self.told("User name")

    @property
    def password(self) -> str:
        return self.told("Password")

    @property
    def subscription_key(self) -> str:
        """A key that opens all APIs, from the line to try."""
        found = re.search(r"Ocp-Apim-Subscription-Key: ([0-9a-f]{32})", self.said)
        assert found, self.said
        return found[1]

    @property
    def demo(self) -> Folder:
        """Where the demonstration's files lie."""
        return Folder(self.home / "demo")

    @property
    def authority(self) -> Issued:
        """The demonstration's authority, of its back end and of the client certificates that this accepts."""
        key = serialization.load_pem_private_key(self.demo.authority_key.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return Issued(certificate=x509.load_pem_x509_certificate(self.demo.authority.read_bytes()), key=key)

    def client_certificate(self, common_name: str) -> Issued:
        """Return a new client certificate that the demonstration's back end accepts."""
        return issue(common_name, by=self.authority)

    def backend_log(self) -> list[str]:
        """Return the lines that the back end has logged."""
        return self.demo.log.read_text(encoding="utf-8").splitlines()

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a command in the portal's environment and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def call(self, path: str, *, key: str | None = None, method: str = "GET", data: bytes | None = None) -> Answer:
        """Call the gateway, with the demonstration's key unless *key* says otherwise (empty: none)."""
        key = self.subscription_key if key is None else key
        request = urllib.request.Request(f"{self.gateway_url}{path}", method=method, data=data)
        if key:
            request.add_header("Ocp-Apim-Subscription-Key", key)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Answer(response.status, response.read().decode())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Answer(refusal.code, refusal.read().decode())


@dataclass(frozen=True)
class Answer:
    """What the gateway answered."""

    status: int
    text: str


def processes_of(process: int) -> dict[int, str]:
    """Return the arguments of *process* and of all its descendants, by id."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [
        (int(pid), int(parent), args) for pid, parent, args in (line.split(None, 2) for line in listed if len(line.split(None, 2)) == 3)
    ]
    found: dict[int, str] = {}
    wanted = {process}
    while wanted:
        found |= {pid: args for pid, _, args in rows if pid in wanted}
        wanted = {pid for pid, parent, _ in rows if parent in wanted}
    return found


def children_of(process: int, program: str) -> set[int]:
    """Return the children of *process* that run *program*, by the beginning of its name."""
    children: set[int] = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # what has gone meanwhile has none
        children = {int(child) for thread in Path(f"/proc/{process}/task").iterdir() for child in (thread / "children").read_text().split()}
    return {child for child in children if _name_of(child).startswith(program)}


def _name_of(process: int) -> str:
    """Return the name of what a process runs, nothing if it has gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/comm").read_text()
    return ""
