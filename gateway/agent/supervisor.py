"""Keeps one Envoy and the agent beside it running: starts them, starts them again, replaces Envoy without losing a call. [pure]

Run as a script by ``manage.py gateway run``, which it takes the place of: with the standard library alone it needs a tenth of the
memory, and nothing of the portal can bring it down.

SIGHUP replaces the running Envoy by a new one (Envoy's hot restart: the new one takes the listening sockets over once it has its
configuration; the old one lets its calls finish). SIGTERM and SIGINT stop: no new connections, calls in flight get a moment.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import http.client
import os
import queue
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

BOOTSTRAP = "gateway.json"
PROCESS_ID = "gateway.pid"  # locked as long as the gateway runs
ADMIN_SOCKET = "gateway-admin.sock"
AGENT_SOCKET = "gateway-agent.sock"
_BASE_ID = "gateway.base-id"

_DRAIN_SECONDS = 5  # over which a replaced Envoy asks its callers to come again on a new connection
_PARENT_SECONDS = 15  # after which it ends, whatever is still going on
_STOP_SECONDS = 3.0  # how long a stop waits for calls in flight; process managers lose patience after about five seconds
_AGENT_SECONDS, _LOOK_SECONDS = 3.0, 0.02
_HEALTHY_SECONDS = 10.0  # an Envoy that has run this long did not die of its start
_BACK_OFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
# The key check warns once per credential and load; what is refused and who is connected, the portal knows; a stop is no warning.
_QUIET = "misc:error,config:error,main:error"
_LOG_FORMAT = "%Y-%m-%dT%T.%e %l envoy %n: %v"
_PROJECT = Path(__file__).resolve().parent.parent.parent
_AGENT = ("-P", "-s", "-m", "gateway.agent.process")  # nothing that lies in PORTAL_HOME, where it runs, is taken for a module
_STOPS = frozenset({signal.SIGTERM, signal.SIGINT})
_START_AGENT = 0  # among the events, where signals have other numbers
_PARENT_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG


class AlreadyRunning(Exception):
    """Another gateway runs in the same home."""


@dataclass(slots=True)
class Supervisor:
    """One gateway: the agent, the current Envoy, perhaps one it has replaced, and what has been asked of it."""

    envoy: str
    home: Path
    concurrency: int
    events: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    current: subprocess.Popen[bytes] | None = None
    replaced: list[subprocess.Popen[bytes]] = field(default_factory=list)
    epoch: int = 0
    started_at: float = 0.0
    failures: int = 0
    agent: subprocess.Popen[bytes] | None = None
    agent_started_at: float = 0.0
    agent_failures: int = 0

    def run(self) -> int:
        """Run until stopped; return the exit status."""
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda received, _frame: self.events.put(received))
        self.start_agent()
        self.await_agent()
        self.start()
        while True:
            match self.events.get():
                case signal.SIGCHLD:
                    self.reap_agent()
                    self.reap()
                case signal.SIGHUP:
                    self.end_agent()  # the next one reads what the settings say now
                    self.start_agent()
                    self.await_agent()
                    self.replace()
                case again if again == _START_AGENT:
                    self.start_agent()
                case _:
                    return self.stop()

    def start_agent(self) -> None:
        """Start the agent, unless it runs."""
        if self.agent is None:
            self.agent_started_at = time.monotonic()
            self.agent = self._spawn([sys.executable, *_AGENT], PYTHONPATH=str(_PROJECT))

    def await_agent(self) -> None:
        """Give the agent some time to be there: an Envoy that has to try again is later than one that starts later."""
        until = time.monotonic() + _AGENT_SECONDS
        while time.monotonic() < until and not _listens(self.home) and not self._asked_to_stop(_LOOK_SECONDS):
            pass

    def reap_agent(self) -> None:
        """Notice when the agent has ended, and have another take its place; meanwhile Envoy goes on with what it has."""
        if self.agent is None or (status := self.agent.poll()) is None:
            return
        self.agent = None
        self.agent_failures = _failures(self.agent_failures, self.agent_started_at)
        pause = _back_off(self.agent_failures)
        say(f"the agent ended with status {status}; starting it again in {pause} s")
        again = threading.Timer(pause, self.events.put, [_START_AGENT])
        again.daemon = True
        again.start()

    def end_agent(self) -> None:
        """End the agent, which writes down what it keeps."""
        if self.agent:
            _end([self.agent])
            self.agent = None

    def start(self) -> None:
        """Start the first Envoy, or one after a death; nothing is taken over."""
        self.epoch = 0
        self.current = self._spawn_envoy("--use-dynamic-base-id", "--base-id-path", _BASE_ID, epoch=0)

    def replace(self) -> None:
        """Start a new Envoy that takes over from the current one."""
        if self.replaced or self.current is None:
            say("a restart is under way already")
            return
        base_id = (self.home / _BASE_ID).read_text(encoding="ascii").strip()
        self.epoch += 1
        say(f"restarting without losing a call (epoch {self.epoch})")
        self.replaced.append(self.current)
        self.current = self._spawn_envoy("--base-id", base_id, epoch=self.epoch)

    def reap(self) -> None:
        """Notice what has ended. A replaced Envoy may; when the current one has, another takes its place."""
        self.replaced = [process for process in self.replaced if process.poll() is None]
        if self.current is None or (status := self.current.poll()) is None:
            return
        if self.replaced:
            say(f"the new Envoy ended with status {status}; the old one goes on")
            self.current = self.replaced.pop()
            self.epoch -= 1
            return
        self.failures = _failures(self.failures, self.started_at)
        pause = _back_off(self.failures)
        say(f"Envoy ended with status {status}; starting it again in {pause} s")
        self.current = None
        if not self._asked_to_stop(pause):
            self.start()

    def stop(self) -> int:
        """Let calls in flight finish, but not for long, then end; a second signal ends at once."""
        if self.current and self.current.poll() is None and _admin(self.home, "POST", "/drain_listeners"):
            until = time.monotonic() + _STOP_SECONDS
            while time.monotonic() < until and _calls_in_flight(self.home) and not self._asked_to_stop(0.05):
                pass
        _end([process for process in (self.current, *self.replaced, self.agent) if process])
        return 0

    def _asked_to_stop(self, seconds: float) -> bool:
        """Wait; return whether a stop was asked for meanwhile (it stays to be seen by :meth:`run`)."""
        until = time.monotonic() + seconds
        seen: list[int] = []
        with contextlib.suppress(queue.Empty):
            while not _STOPS.intersection(seen):
                seen.append(self.events.get(timeout=max(0.0, until - time.monotonic())))
        for event in seen:  # whatever it is, run() is yet to see it
            self.events.put(event)
        return not _STOPS.isdisjoint(seen)

    def _spawn_envoy(self, *arguments: str, epoch: int) -> subprocess.Popen[bytes]:
        self.started_at = time.monotonic()
        command = [
            *(self.envoy, "--config-path", BOOTSTRAP, "--restart-epoch", str(epoch), "--concurrency", str(self.concurrency)),
            *("--log-level", "warning", "--component-log-level", _QUIET, "--log-format", _LOG_FORMAT),
            *("--drain-time-s", str(_DRAIN_SECONDS), "--parent-shutdown-time-s", str(_PARENT_SECONDS)),
            *arguments,
        ]
        return self._spawn(command)

    def _spawn(self, command: Sequence[str], **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
            command,
            cwd=self.home,  # sockets are named relative to it: a socket's path may have 107 bytes only
            env=os.environ | environment,
            process_group=0,  # a signal to our group is for us, who then let Envoy finish its calls
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - the other thread only waits
        )


def _listens(home: Path) -> bool:
    """Return whether the agent takes connections."""
    os.chdir(home)
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(AGENT_SOCKET)
        except OSError:
            return False
    return True


def _failures(before: int, started_at: float) -> int:
    """Return how often in a row something has died of its start, now that it has ended once more."""
    return 0 if time.monotonic() - started_at > _HEALTHY_SECONDS else before + 1


def _back_off(failures: int) -> float:
    return _BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)]


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End *processes*, those that do not listen hard."""
    for process in processes:
        process.terminate()
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        if process.poll() is None:
            process.kill()


def say(words: str) -> None:
    """Write a line to the log."""
    sys.stderr.write(f"gateway: {words}\n")
    sys.stderr.flush()


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


def _end_with_parent() -> None:
    """Have the kernel end a process when its supervisor dies, so that no Envoy is left holding the port (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)


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
    chosen = parser.parse_args(arguments)
    _raise_file_limit()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # Envoy's memory holds private keys
    try:
        with alone(chosen.home):
            return Supervisor(chosen.envoy, chosen.home, chosen.concurrency).run()
    except AlreadyRunning as refusal:
        say(str(refusal))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
