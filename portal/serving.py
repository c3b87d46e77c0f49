"""What `manage.py serve` runs: processes of the Procfile, each line of theirs with its name, until the end or that of who started it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings

from portal import logs, notify
from portal.supervisor import Program, Supervisor

_COLOURS = (36, 33, 35, 34, 32)  # of a terminal, by turns
_FLUSH_SECONDS = 1.0


def serve(names: Iterable[str], *, starter: int | None, announce: Callable[[], str]) -> int:
    """Run the processes *names* of the Procfile until SIGINT or SIGTERM, or until one cannot start; then end them all.

    :param starter: a process with which all end, too
    :param announce: called in a thread of its own; waits until all have started, and returns what to print then
    :returns: the exit code: 0 if somebody asked for the end, 1 if a process could not start
    """
    commands = procfile((settings.BASE_DIR / "Procfile").read_text(encoding="utf-8"))
    told = {name: value for name, value in os.environ.items() if name not in notify.NAMES}  # for us to tell how all are
    environment = {**told, "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"}  # the Procfile's python is ours
    lines = Lines()
    programs = [
        Program(
            name=name,
            command=["/bin/sh", "-c", commands[name]],
            folder=settings.BASE_DIR,
            environment=environment,
            output=lines.pipe(name),
            must_start=True,
        )
        for name in names
    ]
    threading.Thread(target=_announce, args=(announce, lines, programs), daemon=True).start()
    try:
        return Supervisor(programs=programs, is_over=_end_of(starter) if starter else bool).run()
    finally:
        lines.close()


def _announce(announce: Callable[[], str], lines: Lines, programs: Iterable[Program]) -> None:
    lines.say("serve", announce())
    notify.tell(notify.READY, "Portal, control plane and gateway run")
    for program in programs:
        program.must_start = False  # it has; from now on it is started again, whatever it dies of


def procfile(text: str) -> dict[str, str]:
    """Return the commands of a Procfile by name."""
    named = (line.partition(":") for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {name.strip(): command.strip() for name, _, command in named}


class Lines:
    """Hands on what programs say, each line with the time and the program's name.

    Where nobody reads, the programs may have to wait, but never the supervisor.
    """

    def __init__(self) -> None:
        """Begin with no program."""
        self._as_json = settings.LOG_FORMAT == logs.JSON
        self._turn = threading.Lock()
        self._pipes: list[int] = []
        self._threads: list[threading.Thread] = []

    def pipe(self, name: str) -> int:
        """Return a file descriptor that takes what the program *name* says, whichever process of it is running."""
        read, write = os.pipe()
        colour = _COLOURS[len(self._pipes) % len(_COLOURS)] if os.isatty(1) else None
        self._pipes.append(write)
        self._threads.append(threading.Thread(target=self._hand_on, args=(read, name, colour), daemon=True))
        self._threads[-1].start()
        return write

    def say(self, name: str, text: str) -> None:
        """Write what *name* says: as it is, or each line as one object."""
        if self._as_json:
            lines = (line for line in text.splitlines() if line.strip("─ "))
            text = "".join(f"{logs.in_one_object(line, process=name)}\n" for line in lines)
        self.write(text.encode())

    def write(self, text: bytes) -> None:
        """Write to standard output, past its buffer: at the end nobody waits for it."""
        with self._turn:
            try:
                while text:
                    text = text[os.write(1, text) :]
            except OSError:  # the reader has gone; the programs go on
                return

    def close(self) -> None:
        """Write what is left, unless nobody reads it."""
        for pipe in self._pipes:
            os.close(pipe)
        until = time.monotonic() + _FLUSH_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _hand_on(self, pipe: int, name: str, colour: int | None) -> None:
        with os.fdopen(pipe, "rb") as said:
            for line in said:
                if self._as_json:
                    self.say(name, line.decode(errors="replace"))
                    continue
                label = f"{time.strftime('%H:%M:%S')} {name:<8}|"
                label = label if colour is None else f"\033[{colour}m{label}\033[0m"
                self.write(f"{label} ".encode() + line)


def _end_of(starter: int) -> Callable[[], bool]:
    """Return what tells whether *starter* (make) has ended, or was interrupted alone.

    A terminal sends Ctrl-C to everybody. ``kill -INT`` reaches make only, which then waits for us without telling.
    """
    caught = _catches_interrupt(starter)
    return lambda: os.getppid() != starter or _catches_interrupt(starter) != caught


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
