"""What happens to the machine: its disk is full, its clock jumps, a process gets no more descriptors."""

from __future__ import annotations

import random
import resource
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psycopg

from benchmarks.callers import Request, call_once
from benchmarks.faults import victims
from benchmarks.faults.stage import Fault, Stage, Where
from benchmarks.faults.writers import Place
from benchmarks.plan import api_name

_JUMPS = (-86_400, -3_600, -5, 5, 3_600, 86_400)  # seconds
_ANSWERS_WITHIN_SECONDS = 60.0
_TRIED_SECONDS = 0.1


def disk_full(stage: Stage) -> float:
    """Leave no room for a while, in which publishers try to change something all the same."""
    assert stage.disk
    assert stage.writers
    stage.disk.fill()
    try:
        until = time.monotonic() + stage.seconds
        with stage.writers:
            while time.monotonic() < until:
                time.sleep(_TRIED_SECONDS)
                stage.disk.fill()  # what was given back meanwhile
    finally:
        stage.disk.clear()
    began = time.monotonic()
    _start_database_again(stage)
    _wait_until_writable(stage)
    return stage.live(stage.change()) - began


def clock_jumps(stage: Stage) -> float:
    """Let the clock jump, and jump back, while publishers write."""
    assert stage.clock
    assert stage.writers
    longest = 0.0
    with stage.writers:
        for seconds in (random.choice(_JUMPS), 0):  # noqa: S311 - whichever
            stage.clock.jump(seconds)
            began = time.monotonic()
            _wait_until_writable(stage)
            longest = max(longest, stage.live(stage.change()) - began)
            time.sleep(stage.seconds)
    return longest


def out_of_descriptors(find: victims.Find) -> Callable[[Stage], float]:
    """Return what leaves the processes that *find* finds without another descriptor for a while, and changes something meanwhile."""

    def happen(stage: Stage) -> float:
        with _few_descriptors(find(stage)):
            change = stage.change()
            until = time.monotonic() + stage.seconds
            while time.monotonic() < until:
                call_once(stage.ours.portal_port, Request("/accounts/login/"), timeout=1)
                time.sleep(_TRIED_SECONDS)
        began = time.monotonic()
        while call_once(stage.ours.portal_port, Request("/healthz"), timeout=5).status != 200:
            time.sleep(0.01)
        return stage.live(change) - began

    return happen


@contextmanager
def _few_descriptors(processes: list[int]) -> Iterator[None]:
    before = {process: resource.prlimit(process, resource.RLIMIT_NOFILE) for process in processes}
    for process, (_, most) in before.items():
        resource.prlimit(process, resource.RLIMIT_NOFILE, (_lowest_free(process), most))
    try:
        yield
    finally:
        for process, limits in before.items():
            with suppress(ProcessLookupError):  # it has not survived, and another is in its place
                resource.prlimit(process, resource.RLIMIT_NOFILE, limits)


def _lowest_free(process: int) -> int:
    taken = {int(file.name) for file in Path(f"/proc/{process}/fd").iterdir()}
    return next(number for number in range(len(taken) + 1) if number not in taken)


def _start_database_again(stage: Stage) -> None:
    """Start PostgreSQL, which ends where it cannot write its log, as the machine's own manager does."""
    if stage.database is None:
        return
    with suppress(psycopg.Error), psycopg.connect(stage.database.url):
        return
    stage.database.kill()
    stage.database.start()


def _wait_until_writable(stage: Stage) -> None:
    """Wait until the portal takes a change."""
    writers = stage.writers
    assert writers
    place = writers.places.setdefault(f"description of {api_name(5)}", Place([""]))
    deadline = time.monotonic() + _ANSWERS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        words = secrets.token_hex(8)
        place.write(words, partial(writers.client.patch, f"apis/{api_name(5)}", {"description": words}))
        if place.may_be == [words]:
            return
        time.sleep(_TRIED_SECONDS)
    stage.found.append("The portal takes no change.")


_LIVE = "until a change is live"
_PROCESSES: tuple[tuple[str, victims.Find, bool], ...] = (
    ("the portal", victims.worker, False),
    ("the control plane", victims.control_plane, False),
    ("the agent", victims.agent, False),
    ("Envoy", victims.envoy, True),
)
FAULTS = (
    Fault("disk full, SQLite", f"room again {_LIVE}", disk_full, Where.SMALL_DISK),
    Fault("disk full, PostgreSQL", f"room again {_LIVE}", disk_full, Where.POSTGRESQL_ON_SMALL_DISK),
    Fault("clock jumps, and back", f"jump {_LIVE}, the longer of both", clock_jumps, Where.OWN_CLOCK),
    *(
        Fault(f"out of descriptors: {whom}", f"descriptors again {_LIVE}", out_of_descriptors(find), Where.SERVED, loses_calls)
        for whom, find, loses_calls in _PROCESSES
    ),
)
