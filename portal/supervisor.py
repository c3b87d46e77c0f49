"""Runs the processes of the Procfile together: all start, and when one ends or somebody asks for it, all end."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.process import Popen, Process

_WATCH_SECONDS = 0.5
_PARENT_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # Linux has it


def supervise(names: Iterable[str], *, starter: int, meanwhile: Callable[[], None]) -> int:
    """Run the processes *names* of the Procfile until one ends, or until SIGINT or SIGTERM; then end them all.

    :param starter: the process that started this one, as it was at the beginning: when it has ended, everything ends
    :param meanwhile: called in a thread of its own as soon as they are started
    :returns: the exit code: 0 if somebody asked for the end, 1 if a process ended by itself
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
        self._process_ctor = _Process
        self._threads = [*threads, self._end_when_one_ends]

    def _start(self) -> None:
        super()._start()
        for target in self._threads:
            threading.Thread(target=target, daemon=True).start()

    def _end_when_one_ends(self) -> None:
        """End all when a process is gone whose children live on; honcho waits for the children to close its output."""
        while not any(_state(process["pid"]) == "Z" for process in self._processes.values() if "pid" in process):
            time.sleep(_WATCH_SECONDS)
        self.returncode = self.returncode or 1
        self.terminate()


class _Process(Process):  # type: ignore[misc]  # honcho has no types
    """Honcho's keeper of one process: ends with the manager, and the process with it, however hard the manager was ended."""

    def run(self, *arguments: object, **options: object) -> None:
        """Keep the process, as honcho does."""
        _end_with_the_parent(signal.SIGKILL)
        self._child_ctor = functools.partial(Popen, preexec_fn=functools.partial(_end_with_the_parent, signal.SIGTERM))
        super().run(*arguments, **options)


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


def _state(process: int) -> str:
    """Return the letter of a process's state, "Z" for one that has ended and is not yet mourned; empty where nobody tells."""
    return _told(process, "State")[:1]


def _told(process: int, what: str) -> str:
    """Return what Linux tells of a process under *what*; empty where there is no such process or no such system."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(f"{what}:")), "")
