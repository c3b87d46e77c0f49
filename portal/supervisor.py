"""Keeps programs running: starts them, starts one again when it dies, ends them all when asked to. [pure]

One loop, which waits for nothing but signals: they come by a queue, so that none is missed and none has to wait. The supervisor starts
its programs itself; there is nothing between them that could die instead. The standard library is all it needs.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from portal import logs, notify

_BACK_OFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_HEALTHY_SECONDS = 10.0  # a program that has run this long did not die of its start
_LOOK_SECONDS = 0.5  # also without a signal: some ends are told by none
_POLL_SECONDS = 0.05  # while all end
_ENDS = {signal.SIGTERM, signal.SIGINT}
_PARENT_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


@dataclass(slots=True, kw_only=True)
class Program:
    """A program that is kept running.

    :ivar output: the file descriptor that takes what it says; ours where there is none
    :ivar must_start: as long as this is so, its ending by itself means that it cannot start, and all ends
    """

    name: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str] | None = None
    output: int | None = None
    must_start: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    failures: int = 0
    could_not_start: bool = False

    def start(self) -> None:
        """Start it for the first time, or after an end."""
        try:
            self.process = self.spawn(self.command)
        except OSError as error:  # it is being exchanged, perhaps, or there are too many processes
            self.has_ended(f"cannot be started ({error.strerror})", 1)

    def spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start *command* in a group of its own: a signal to ours is for us, who pass it on as we see fit.

        :raises OSError: if the system cannot
        """
        self.started_at = time.monotonic()
        return subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=None if self.output is None else subprocess.STDOUT,
            process_group=0,
            preexec_fn=_end_with_parent if _PRCTL else None,  # noqa: PLW1509 - one system call, and no other thread of ours forks
        )

    def restart(self, seconds: float) -> None:
        """End it, for which it gets *seconds*, and start it anew."""
        for process in self.processes():
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            signal_group(process.pid, signal.SIGKILL)
            process.wait()
        self.start()

    def look(self) -> None:
        """Notice an end; start it again when its time has come."""
        if self.process is not None and (status := self.process.poll()) is not None:
            signal_group(self.process.pid, signal.SIGKILL)  # what it has left behind holds its address
            self.has_ended(f"has ended with status {status}", status)
        if self.process is None and time.monotonic() >= self.due_at and not self.could_not_start:
            self.start()

    def has_ended(self, words: str, status: int) -> None:
        """Let it rest before the next start, the longer the oftener it fails at once."""
        lasted = time.monotonic() - self.started_at >= _HEALTHY_SECONDS
        self.could_not_start = self.must_start and status >= 0  # killed by a signal: not its own fault
        self.failures = 0 if lasted else self.failures + 1
        pause = _BACK_OFF_SECONDS[min(self.failures, len(_BACK_OFF_SECONDS) - 1)]
        self.process, self.due_at = None, time.monotonic() + pause
        self.say(words if self.could_not_start else f"{words}; starting it again in {pause} s")

    def rests(self) -> float:
        """Return the seconds until it is to be started again; one that runs needs nobody."""
        return float("inf") if self.process else max(0.0, self.due_at - time.monotonic())

    def processes(self) -> list[subprocess.Popen[bytes]]:
        """Return those of its processes that run."""
        return [self.process] if self.process and self.process.poll() is None else []

    def drain(self) -> None:
        """Take on nothing more, because the end is near."""

    def is_busy(self) -> bool:
        """Return whether it has something under way that may finish before the end."""
        return False

    def say(self, words: str) -> None:
        """Write a line where its own go. Nobody waits for a reader who does not read."""
        if self.output is None:
            as_json = os.environ.get("PORTAL_LOG_FORMAT") == logs.JSON
            sys.stderr.write(f"{logs.as_object(words, process=self.name, level='warning') if as_json else f'{self.name}: {words}'}\n")
            sys.stderr.flush()
        elif select.select([], [self.output], [], 0)[1]:
            os.write(self.output, f"{words}\n".encode())


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """Some programs, and when they end.

    :ivar renew: what SIGHUP asks for; without it SIGHUP ends all (the terminal was closed), unless it was ignored from the start (nohup)
    :ivar is_over: asked twice a second; all end once it says so
    :ivar drain_seconds: how long what is under way may go on at the end
    :ivar end_seconds: how long programs may take to end after that
    """

    programs: Sequence[Program]
    renew: Callable[[], None] | None = None
    is_over: Callable[[], bool] = bool
    drain_seconds: float = 0.0
    end_seconds: float = 5.0
    signals: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)

    def run(self) -> int:
        """Keep the programs running until SIGTERM or SIGINT; return the exit status, 1 if one could not start."""
        self._listen()
        try:
            for program in self.programs:
                program.start()
            return self._keep()
        finally:
            self._end()

    def _listen(self) -> None:
        numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGCHLD]
        if self.renew or signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        for number in numbers:
            signal.signal(number, lambda received, _frame: self.signals.put(received))

    def _keep(self) -> int:
        while not self.is_over():
            received = self._next(min(_LOOK_SECONDS, *(program.rests() for program in self.programs)))
            if received in _ENDS or (received == signal.SIGHUP and self.renew is None):
                return 0
            if received == signal.SIGHUP and self.renew:
                self.renew()
            for program in self.programs:
                program.look()
            if any(program.could_not_start for program in self.programs):
                return 1
        return 0

    def _end(self) -> None:
        """Let what is under way finish, then end all; each further signal cuts the wait that it meets short."""
        notify.tell(notify.STOPPING)
        for program in self.programs:
            program.drain()
        self._wait(lambda: not any(program.is_busy() for program in self.programs), self.drain_seconds)
        left = [process for program in self.programs for process in program.processes()]
        for process in left:
            signal_group(process.pid, signal.SIGTERM)
        self._wait(lambda: all(process.poll() is not None for process in left), self.end_seconds)
        for process in left:
            signal_group(process.pid, signal.SIGKILL)
            process.wait()

    def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not condition():
            if self._next(_POLL_SECONDS) in _ENDS:
                return

    def _next(self, seconds: float) -> int | None:
        """Return the next signal, ``None`` if none comes in time."""
        try:
            return self.signals.get(timeout=seconds)
        except queue.Empty:
            return None


def signal_group(leader: int, number: signal.Signals) -> None:
    """Send the signal to the process and its children, those that are left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group that has ended
        os.killpg(leader, number)


def _end_with_parent() -> None:
    """Have the kernel end this process when its supervisor dies, so that none is left holding an address (Linux)."""
    if _PRCTL:
        _PRCTL(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
