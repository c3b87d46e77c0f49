"""Each process killed at a random moment while every kind of write goes on; whatever keeps it starts it again."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg

from benchmarks.callers import Request, call_once
from benchmarks.faults import victims
from benchmarks.faults.stage import Fault, NotRecovered, Stage, Where

_LONGEST_SECONDS = 1.5  # from the first write to the kill
_RECOVERED_WITHIN_SECONDS = 90.0
_PORTAL, _UNIX_LOOKS = Request("/healthz"), 0.02


def _killed(strike: Callable[[Stage], None]) -> Callable[[Stage], float]:
    """Return what lets *strike* happen in the middle of writing, and waits until all is as before."""

    def happen(stage: Stage) -> float:
        assert stage.writers
        with stage.writers:
            time.sleep(random.uniform(0, _LONGEST_SECONDS))  # noqa: S311 - whenever
            began = time.monotonic()
            strike(stage)
            _wait_for_database(stage)
            _wait_for_portal(stage)
            change = stage.change()
            return stage.live(change) - began

    return happen


def _kill(find: victims.Find) -> Callable[[Stage], None]:
    return lambda stage: victims.kill(victims.one_of(find, stage))


def _kill_serve(stage: Stage) -> None:
    """Kill the process that keeps all; the machine's own manager, which is us here, starts it again."""
    serve = stage.ours.running["serve"]
    victims.kill(serve.pid)
    serve.process.wait()
    stage.ours.start()


def _strike_thread(stage: Stage) -> None:
    victims.kill(victims.one_of(victims.control_plane, stage), signal.SIGUSR2)


def _kill_database(stage: Stage) -> None:
    assert stage.database
    stage.database.kill()
    stage.database.start()


def _wait_for_database(stage: Stage) -> None:
    if stage.database is None:
        return
    deadline = time.monotonic() + _RECOVERED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        with suppress(psycopg.Error), psycopg.connect(stage.database.url) as asking:
            asking.execute("SELECT 1")
            return
        time.sleep(_UNIX_LOOKS)
    raise NotRecovered("PostgreSQL does not answer.")


def _wait_for_portal(stage: Stage) -> None:
    deadline = time.monotonic() + _RECOVERED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if call_once(stage.ours.portal_port, _PORTAL, timeout=5).status == 200:
            return
        time.sleep(_UNIX_LOOKS)
    raise NotRecovered("The portal does not answer.")


_RECOVERY = "kill until the portal answers and a change is live"
_KILLS: tuple[tuple[str, Callable[[Stage], None], bool], ...] = (
    ("a worker of the portal", _kill(victims.worker), False),
    ("the portal's first process", _kill(victims.portal), False),
    ("the control plane", _kill(victims.control_plane), False),
    ("a thread of the control plane", _strike_thread, False),
    ("the agent", _kill(victims.agent), False),
    ("Envoy", _kill(victims.envoy), True),
    ("the gateway's supervisor", _kill(victims.gateway), True),
    ("`serve`, which keeps all", _kill_serve, True),
)
_DATABASE_KILLS = (
    ("a process of PostgreSQL", _kill(victims.database_process), False),
    ("PostgreSQL, all of it", _kill_database, False),
)


def _faults(where: Where, kills: tuple[tuple[str, Callable[[Stage], None], bool], ...]) -> list[Fault]:
    database = where.value.partition(",")[0]
    return [
        Fault(f"killed while writing, {database}: {whom}", _RECOVERY, _killed(strike), where, loses_calls)
        for whom, strike, loses_calls in kills
    ]


FAULTS = (*_faults(Where.SERVED, _KILLS), *_faults(Where.POSTGRESQL_SERVED, (*_KILLS, *_DATABASE_KILLS)))
