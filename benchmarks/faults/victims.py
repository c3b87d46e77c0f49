"""The processes of a portal that ``manage.py serve`` keeps, found anew each time, because they are started again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks import servers
from benchmarks.faults.stage import Stage

_FOUND_WITHIN_SECONDS = 60.0
Find = Callable[[Stage], list[int]]


class NotFound(Exception):
    """There is no such process."""


def with_words(*words: str) -> Find:
    """Return what finds the processes whose command line holds all *words*."""
    return lambda stage: [process for process in kept(stage) if all(word in command_of(process) for word in words)]


def kept(stage: Stage) -> list[int]:
    """Return all processes."""
    return servers.family(stage.ours.running["serve"].pid)


def command_of(process: int) -> str:
    """Return the command line of *process*; empty if it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def serve(stage: Stage) -> list[int]:
    """Find the one that keeps all others."""
    return [stage.ours.running["serve"].pid]


def portal(stage: Stage) -> list[int]:
    """Find the process that keeps the portal's workers."""
    return [process for process in with_words("granian")(stage) if "worker-" not in command_of(process)]


def envoy(stage: Stage) -> list[int]:
    """Find Envoy."""
    return stage.ours.envoys()


def database_process(stage: Stage) -> list[int]:
    """Find the processes of PostgreSQL that serve one connection each."""
    assert stage.database
    return [process for process in servers.family(stage.database.pid)[1:] if "postgres: portal" in command_of(process)]


worker = with_words("granian", "worker-")
control_plane = with_words("manage.py xds")
gateway = with_words("gateway.agent.supervisor")
agent = with_words("gateway.agent.process")


def one_of(find: Find, stage: Stage) -> int:
    """Return the newest process that *find* finds, as soon as it does.

    :raises NotFound: if it finds none in time
    """
    deadline = time.monotonic() + _FOUND_WITHIN_SECONDS
    while not (found := find(stage)):
        if time.monotonic() > deadline:
            raise NotFound
        time.sleep(0.01)
    return found[-1]


def kill(process: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send the signal, unless the process has just ended by itself."""
    with suppress(ProcessLookupError):
        os.kill(process, number)
