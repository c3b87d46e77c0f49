"""Keeps one Envoy and the agent beside it running: starts them, starts them again, replaces Envoy without losing a call. [pure]

Run by ``manage.py gateway run``, which it takes the place of: with the standard library alone it needs a tenth of the memory, and
nothing of the portal can bring it down.

SIGHUP replaces the running Envoy by a new one (Envoy's hot restart: the new one takes the listening sockets over once it has its
configuration; the old one lets its calls finish). SIGTERM and SIGINT stop: no new connections, calls in flight get a moment.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.client
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from gateway.agent.draining import Draining, NotAllowed
from gateway.agent.envoys import write_down
from gateway.marks import AVAILABLE
from portal import logs, notify
from portal.supervisor import Program, Supervisor

BOOTSTRAP = "gateway.json"
PROCESS_ID = "gateway.pid"  # locked as long as the gateway runs
ADMIN_SOCKET = "gateway-admin.sock"
AGENT_SOCKET = "gateway-agent.sock"
HEALTH_SOCKET = "gateway-health.sock"
STATUS_PATH = "/status-0123456789abcdef"  # 200 once the gateway has its configuration
_BASE_ID = "gateway.base-id"

_DRAIN_SECONDS = 5  # over which a replaced Envoy asks its callers to come again on a new connection
# How long the agent may take to be there: an Envoy that has to try again is later than one that starts later.
_AGENT_SECONDS, _LOOK_SECONDS = 3.0, 0.02
_CONNECTION_SECONDS = 10.0  # how long an Envoy may take to find a new agent: it tries again after 0.5 s, 1 s, …
_CLUSTERS_SECONDS = 1.0  # how often it is asked whether clusters have changed
_SHARE = 50  # and no more of the time than one part in so many: Envoy's main thread looks through all its statistics for the answer
_STOP_SECONDS = 3.0  # how long a stop waits for calls in flight; process managers lose patience after about five seconds
# The key check warns once per credential and load; what is refused and who is connected, the portal knows; a stop is no warning.
_QUIET = "misc:error,config:error,main:error"
_PROJECT = Path(__file__).resolve().parent.parent.parent
AS_WE_WERE = ("-B",) if sys.dont_write_bytecode else ()  # the environment that says so goes no further
_AGENT = ("-P", "-s", "-m", "gateway.agent.process")  # nothing that lies in PORTAL_HOME, where it runs, is taken for a module
_LOG_FORMATS = {
    logs.PLAIN: "%Y-%m-%dT%T.%e %l envoy %n: %v",
    logs.JSON: '{"time":"%Y-%m-%dT%T.%e%z","level":"%l","logger":"envoy.%n","message":"%j","process":"envoy"}',
}


class AlreadyRunning(Exception):
    """Another gateway runs in the same home."""


@dataclass(slots=True, kw_only=True)
class Envoy(Program):
    """The current Envoy, and perhaps one that it has replaced. Its folder is the home: a socket's path may have 107 bytes only."""

    replaced: list[subprocess.Popen[bytes]] = field(default_factory=list)
    once_more: bool = False  # a restart was asked for while one was under way
    epoch: int = 0
    is_draining: bool = False
    answers_at: tuple[str, int] | None = None  # until somebody has been told that it answers there
    gone: Draining | None = None  # None: what is open of a cluster that is gone goes on
    looked_at: float = 0.0
    look_took: float = 0.0  # seconds
    zones: dict[int, str] = field(default_factory=dict)  # by process, the newest last

    def start(self) -> None:
        """Start the first Envoy, or one after a death; nothing is taken over."""
        self.epoch = 0
        Program.start(self)

    def spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start an Envoy of this epoch. The first chooses a base id, by which those that take over find it."""
        self._await_agent()
        base_id = ["--base-id", (self.folder / _BASE_ID).read_text(encoding="ascii").strip()] if self.epoch else []
        base_id = base_id or ["--use-dynamic-base-id", "--base-id-path", _BASE_ID]
        zone = f"{time.time_ns()}"  # tells this process from any other: see counting.py and envoys.py
        process = Program.spawn(self, [*command, "--restart-epoch", str(self.epoch), *base_id, "--service-zone", zone])
        self._write_down(process, zone)
        return process

    def _write_down(self, process: subprocess.Popen[bytes], zone: str) -> None:
        """Let the agent know which Envoys run from now on."""
        running = {one.pid for one in self.processes()}
        self.zones = {pid: known for pid, known in self.zones.items() if pid in running} | {process.pid: zone}
        with contextlib.suppress(OSError):  # a full disk: then the agent goes by the streams alone
            write_down(self.folder, self.zones.items())

    def _await_agent(self) -> None:
        until = time.monotonic() + _AGENT_SECONDS
        while time.monotonic() < until and not _agent_listens(self.folder):
            time.sleep(_LOOK_SECONDS)

    def await_connection(self) -> None:
        """Give the current Envoy time to find its way to an agent that was started anew."""
        until = time.monotonic() + _CONNECTION_SECONDS
        while self.process and self.process.poll() is None and time.monotonic() < until:
            # An Envoy that has not noticed yet that the agent before is gone says that it is connected.
            if _agent_listens(self.folder) and _is_connected(self.folder):
                return
            time.sleep(_LOOK_SECONDS)

    def replace(self) -> None:
        """Start a new Envoy that takes over from the current one."""
        if self.process is None:  # it is about to be started anyway
            return
        if self.replaced:
            self.say("the restart follows once the Envoy that was replaced has ended")
            self.once_more = True
            return
        self.epoch += 1
        self.say(f"restarting without losing a call (epoch {self.epoch})")
        try:
            new = self.spawn(self.command)
        except OSError as error:
            self.say(f"the new Envoy cannot be started ({error.strerror}); the old one goes on")
            self.epoch -= 1
            return
        self.replaced.append(self.process)
        self.process = new

    def look(self) -> None:
        """Notice what has ended. A replaced Envoy may; when the current one has, another takes its place."""
        self.replaced = [process for process in self.replaced if process.poll() is None]
        if self.replaced and self.process and (status := self.process.poll()) is not None:
            self.say(f"the new Envoy ended with status {status}; the old one goes on")
            self.process = self.replaced.pop()
            self.epoch -= 1
        Program.look(self)
        if self.once_more and not self.replaced:
            self.once_more = False
            self.replace()
        self._end_what_is_gone(time.monotonic())
        if self.answers_at and _answers(*self.answers_at):
            self.answers_at = None
            notify.tell(notify.READY, "Answering calls")

    def _end_what_is_gone(self, now: float) -> None:
        """End what is still open of deleted APIs and replaced certificates, once it has had its time."""
        if self.gone is None or self.process is None:
            return
        pause = _CLUSTERS_SECONDS if self.gone.is_due(now) else max(_CLUSTERS_SECONDS, _SHARE * self.look_took)
        if now - self.looked_at < pause:
            return
        self.looked_at = now
        try:
            self.gone.look(self.process.pid, now=now)
        except NotAllowed as refusal:
            self.say(
                f"what is open of deleted APIs and replaced certificates goes on: the system does not let its sockets be had ({refusal})"
            )
            self.gone = None
        self.look_took = time.monotonic() - now

    def processes(self) -> list[subprocess.Popen[bytes]]:
        """Return those of its processes that run."""
        return [*Program.processes(self), *(process for process in self.replaced if process.poll() is None)]

    def drain(self) -> None:
        """Take no new connections."""
        self.is_draining = bool(Program.processes(self)) and _admin(self.folder, "POST", "/drain_listeners") is not None

    def is_busy(self) -> bool:
        """Return whether calls are in flight."""
        return self.is_draining and bool(Program.processes(self)) and _calls_in_flight(self.folder)


def agent(home: Path) -> Program:
    """Return the agent of *home*. While it is started again Envoy goes on with what it has."""
    environment = os.environ | {"PYTHONPATH": str(_PROJECT)}
    return Program(name="gateway agent", command=[sys.executable, *AS_WE_WERE, *_AGENT], folder=home, environment=environment)


def envoy(binary: str, home: Path, concurrency: int, drain_seconds: float | None, restart_seconds: int) -> Envoy:
    """Return the Envoy of *home*.

    :param drain_seconds: how long what is open of a cluster that is gone goes on; ``None``: for ever
    :param restart_seconds: how long what is open on an Envoy that was replaced goes on
    """
    command = [
        *(binary, "--config-path", BOOTSTRAP, "--concurrency", str(concurrency)),
        *("--log-level", "warning", "--component-log-level", _QUIET),
        *("--log-format", _LOG_FORMATS[os.environ.get("PORTAL_LOG_FORMAT", logs.PLAIN)]),
        *("--drain-time-s", str(min(_DRAIN_SECONDS, restart_seconds)), "--parent-shutdown-time-s", str(restart_seconds)),
    ]
    gone = Draining(drain_seconds, functools.partial(_admin, home, "GET")) if drain_seconds is not None and AVAILABLE else None
    return Envoy(name="gateway", command=command, folder=home, gone=gone)


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the home's process id file, locked.

    :raises AlreadyRunning: if another gateway holds it
    """
    with (home / PROCESS_ID).open("a+", encoding="ascii") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(f"A gateway runs in {home} already.") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def running(home: Path) -> int | None:
    """Return the process id of the gateway that runs in *home*, ``None`` if none does."""
    try:
        with (home / PROCESS_ID).open("r+", encoding="ascii") as file:
            try:
                flock(file, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                return int(file.read())
    except FileNotFoundError:
        pass
    return None


def _answers(host: str, port: int) -> bool:
    """Return whether the gateway has its configuration."""
    asking = http.client.HTTPConnection(host, port, timeout=0.5)
    try:
        asking.request("GET", STATUS_PATH)
        return asking.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def _agent_listens(home: Path) -> bool:
    """Return whether the agent takes connections."""
    os.chdir(home)
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(AGENT_SOCKET)
        except OSError:
            return False
    return True


def _admin(home: Path, method: str, path: str) -> str | None:
    """Return what Envoy's admin page answers, ``None`` if it does not or is not on its socket."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(1)
    try:
        os.chdir(home)
        connection.sock.connect(ADMIN_SOCKET)
        connection.request(method, path)
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _is_connected(home: Path) -> bool:
    """Return whether Envoy has a stream to the agent (statistics of the management server, Envoy documentation)."""
    answer = _admin(home, "GET", "/stats?filter=^control_plane.connected_state$") or ""
    return answer.strip().rpartition(" ")[2] == "1"


def _calls_in_flight(home: Path) -> bool:
    answer = _admin(home, "GET", "/stats?filter=^http.gateway.downstream_rq_active$") or ""
    return answer.strip().rpartition(" ")[2] not in {"", "0"}


def _raise_file_limit() -> None:
    """Take all the open files the system allows: every call in flight needs two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(arguments: Sequence[str]) -> int:
    """Run the gateway that the arguments describe."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--envoy", required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--drain-seconds", type=float, help="how long what is open of an API that was deleted may go on; without: for ever")
    parser.add_argument("--restart-seconds", type=int, required=True, help="how long what is open on an Envoy that was replaced may go on")
    parser.add_argument("--host", help="where it answers, for systemd to be told when it does")
    parser.add_argument("--port", type=int)
    chosen = parser.parse_args(arguments)
    _raise_file_limit()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # Envoy's memory holds private keys
    try:
        with alone(chosen.home):
            beside = agent(chosen.home)
            kept = envoy(chosen.envoy, chosen.home, chosen.concurrency, chosen.drain_seconds, chosen.restart_seconds)
            kept.answers_at = (chosen.host, chosen.port) if chosen.host else None
            notify.tell("", "Waiting for the configuration")

            def renew() -> None:
                beside.restart(_STOP_SECONDS)  # the next one reads what the settings say now
                kept.await_connection()  # else the new Envoy would answer alone for changes that the old one does not have yet
                kept.replace()

            return Supervisor(programs=[beside, kept], renew=renew, drain_seconds=_STOP_SECONDS, end_seconds=_STOP_SECONDS).run()
    except AlreadyRunning as refusal:
        sys.stderr.write(f"gateway: {refusal}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
