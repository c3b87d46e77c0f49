"""Processes killed, stalled, doubled and restarted; SQLite's database locked."""

from __future__ import annotations

import os
import signal
import sqlite3
import time

from benchmarks.callers import Request, call_once
from benchmarks.faults.stage import Fault, Stage


def portal_killed(stage: Stage) -> float:
    """Kill the portal and start it again."""
    if "portal" not in stage.ours.running:
        stage.ours.start_portal()
    stage.ours.running["portal"].kill()
    time.sleep(stage.seconds)
    began = time.monotonic()
    stage.ours.start_portal()
    while call_once(stage.ours.portal_port, Request("/healthz"), timeout=5).status != 200:
        time.sleep(0.01)
    return time.monotonic() - began


def xds_killed(stage: Stage) -> float:
    """Kill the xDS process, replace a certificate, start the process again."""
    stage.ours.running["xds"].kill()
    change = stage.change()
    time.sleep(stage.seconds)
    began = time.monotonic()
    stage.ours.start_xds()
    return stage.live(change) - began


def xds_stalled(stage: Stage) -> float:
    """Stop the xDS process from running, replace a certificate, let it run again."""
    xds = stage.ours.running["xds"].pid
    os.kill(xds, signal.SIGSTOP)
    change = stage.change()
    time.sleep(stage.seconds)
    began = time.monotonic()
    os.kill(xds, signal.SIGCONT)
    return stage.live(change) - began


def second_xds(stage: Stage) -> float:
    """Start a second xDS process, kill the first, replace a certificate."""
    second = stage.ours.start_xds(name="second xds")
    time.sleep(max(stage.seconds, 2.0))
    first = stage.ours.running.pop("xds")
    stage.ours.running["xds"] = stage.ours.running.pop("second xds")
    assert stage.ours.running["xds"] is second
    began = time.monotonic()
    first.kill()
    change = stage.change()
    return stage.live(change) - began


def envoy_killed(stage: Stage) -> float:
    """Kill Envoy; the supervisor starts another."""
    (envoy,) = stage.ours.envoys()
    began = time.monotonic()
    os.kill(envoy, signal.SIGKILL)
    while stage.ours.envoys() in ([envoy], []):
        time.sleep(0.005)
    answered = stage.ours.wait_until_answering()
    stage.live(stage.change())
    return answered - began


def gateway_restarted(stage: Stage) -> float:
    """Ask the supervisor for a planned restart, and replace a certificate while two Envoys run."""
    before = stage.ours.envoys()
    began = time.monotonic()
    stage.ours.restart_gateway()
    while len(stage.ours.envoys()) < 2:
        time.sleep(0.01)
    stage.live(stage.change())
    while set(before) & set(stage.ours.envoys()):
        time.sleep(0.05)
    return time.monotonic() - began


def database_locked(stage: Stage) -> float:
    """Hold a lock on the database, so that nobody writes; then replace a certificate."""
    database = sqlite3.connect(stage.ours.home / "portal.sqlite3", isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    time.sleep(stage.seconds)
    database.execute("ROLLBACK")
    database.close()
    began = time.monotonic()
    return stage.live(stage.change()) - began


_LIVE = "until the change is live"
FAULTS = (
    Fault("portal killed", "start until /healthz answers", portal_killed),
    Fault("xDS process killed", f"start {_LIVE}", xds_killed),
    Fault("xDS process stalled", f"going on {_LIVE}", xds_stalled),
    Fault("first of two xDS processes killed", f"kill {_LIVE}", second_xds),
    Fault("database locked", f"release {_LIVE}", database_locked),
    Fault("Envoy killed", "kill until calls are answered", envoy_killed, loses_calls=True),
    Fault("planned restart of the gateway", "until the old Envoy has ended", gateway_restarted),
)
