"""Runs the processes of the Procfile together: one that dies is started again while the others go on, until somebody asks for the end."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from ctypes import c_byte
from multiprocessing.sharedctypes import RawValue
from pathlib import Path

from django.conf import settings
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.process import Popen, Process

_WATCH_SECONDS = 0.5
_KEEPER_WATCH_SECONDS = 0.1
_STARTED_AFTER_SECONDS = 10.0  # a process that has lived for so long could start
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.25, 10.0  # before a process is started again
_PARENT_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # Linux has it


def supervise(names: Iterable[str], *, starter: int, meanwhile: Callable[[], None]) -> int:
    """Run the processes *names* of the Procfile until SIGINT or SIGTERM, or until one cannot start; then end them all.

    :param starter: the process that started this one, as it was at the beginning: when it has ended, everything ends
    :param meanwhile: called in a thread of its own as soon as they are started
    :returns: the exit code: 0 if somebody asked for the end, 1 if a process could not start
    """
    commands = parse_procfile((Path(settings.BASE_DIR) / "Procfile").read_text(encoding="utf-8")).processes
    manager = _Manager([meanwhile, functools.partial(_end_when_the_starter_ends, starter)])
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"}  # the Procfile's python is ours
    for name in names:
        manager.add_process(name, commands[name], cwd=str(settings.BASE_DIR), env=environment)
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))  # the terminal was closed
    manager.loop()
    asked_for = {128 + signal.SIGINT, 128 + signal.SIGTERM}
    return 0 if manager.returncode in asked_for else 1


class _Manager(Manager):  # type: ignore[misc]  # honcho has no types
    """Honcho's manager; starts its threads only after it has forked."""

    def __init__(self, threads: list[Callable[[], None]]) -> None:
        super().__init__()
        self.returncode: int | None
        self._ending = RawValue("b", 0)  # shared with the keepers
        self._process_ctor = functools.partial(_Process, self._ending)
        self._threads = threads

    def terminate(self) -> None:
        """Let every keeper end its process: only they know which one is running just now."""
        self._ending.value = 1

    def _start(self) -> None:
        super()._start()
        for target in self._threads:
            threading.Thread(target=target, daemon=True).start()


class _Process(Process):  # type: ignore[misc]  # honcho has no types
    """Honcho's keeper of one process: starts it again when it dies, ends with the manager, however hard that was ended."""

    def __init__(self, ending: c_byte, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self._ending = ending

    def run(self, events: object = None, ignore_signals: bool = True) -> None:
        """Keep the process running until all end; one that cannot even start says so, and all end."""
        _end_with_the_parent(signal.SIGKILL)
        for signum in (signal.SIGINT, signal.SIGTERM) if ignore_signals else ():
            signal.signal(signum, signal.SIG_IGN)
        self._events = events
        could_start, pause = False, _SHORTEST_PAUSE_SECONDS
        while True:
            started = time.monotonic()
            code = self._run_once()
            lasted = time.monotonic() - started >= _STARTED_AFTER_SECONDS
            could_start = could_start or lasted or code < 0  # killed by a signal: not its own fault
            if self._ending.value or not could_start:
                break
            pause = _SHORTEST_PAUSE_SECONDS if lasted else min(2 * pause, _LONGEST_PAUSE_SECONDS)
            self._send_message(f"has ended (rc={code}) and is started again.\n".encode())
            self._pause(pause)
        self._send_message({"returncode": code}, type="stop")

    def _run_once(self) -> int:
        """Start the process and hand its lines on until it ends; return its exit code."""
        child = Popen(self.cmd, env=self.env, cwd=self.cwd, preexec_fn=_begin)
        self._send_message({"pid": child.pid}, type="start")
        threading.Thread(target=self._watch, args=(child,), daemon=True).start()
        for line in iter(child.stdout.readline, b""):
            self._send_message(line)
        child.stdout.close()
        return int(child.wait())

    def _watch(self, child: Popen) -> None:
        """Ask *child* to end when all shall end; when it has ended, take along the children it has left behind."""
        asked = False
        while child.poll() is None:
            if self._ending.value and not asked:
                asked = True
                _signal_group(child.pid, signal.SIGTERM)
            time.sleep(_KEEPER_WATCH_SECONDS)
        _signal_group(child.pid, signal.SIGKILL)  # they hold its address, and its output, which is read to the end

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._ending.value:
            time.sleep(_KEEPER_WATCH_SECONDS)


def _begin() -> None:
    """Prepare the process itself: it ends with its keeper, and does not ignore the signals that its keeper ignores."""
    _end_with_the_parent(signal.SIGTERM)
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_DFL)


def _signal_group(leader: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group that has ended
        os.killpg(leader, signum)


def _end_with_the_parent(signum: signal.Signals) -> None:
    """Let Linux send *signum* to this process when its parent ends; elsewhere do nothing."""
    if _PRCTL:
        _PRCTL(_PARENT_DEATH_SIGNAL, signum)


def _end_when_the_starter_ends(starter: int) -> None:
    """End this process when the one that started it (make) has ended, or was interrupted alone.

    A terminal sends Ctrl-C to everybody. ``kill -INT`` reaches make only, which then waits for us without telling.
    """
    caught = _catches_interrupt(starter)
    while os.getppid() == starter and _catches_interrupt(starter) == caught:
        time.sleep(_WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _catches_interrupt(process: int) -> bool:
    """Return whether *process* has a handler for SIGINT; false where the system does not tell."""
    return bool(int(_told(process, "SigCgt") or "0", 16) >> (signal.SIGINT - 1) & 1)


def _told(process: int, what: str) -> str:
    """Return what Linux tells of a process under *what*; empty where there is no such process or no such system."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(f"{what}:")), "")
