"""What happens to PostgreSQL: connections cut, restarted, stopped, read-only, failed over, restored."""

from __future__ import annotations

import time

import psycopg

from benchmarks.faults.stage import Fault, Stage, Where
from tests.postgresql import Server

_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
_LOOK_SECONDS = 0.02
_CAUGHT_UP = "SELECT bool_and(replay_lsn = pg_current_wal_lsn()) FROM pg_stat_replication"


def cut(stage: Stage) -> float:
    """Cut all connections."""
    _execute(_server(stage), _OTHERS)
    began = time.monotonic()
    return stage.live(stage.change()) - began


def restarted(stage: Stage) -> float:
    """Stop the server and start it at once."""
    return _away(stage, 0.0)


def stopped(stage: Stage) -> float:
    """Stop the server for a while."""
    return _away(stage, stage.seconds)


def read_only(stage: Stage) -> float:
    """Let the database take no change for a while."""
    server = _server(stage)
    _execute(server, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()", _OTHERS)
    time.sleep(stage.seconds)
    _execute(
        server,
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "ALTER SYSTEM RESET default_transaction_read_only",
        "SELECT pg_reload_conf()",
    )
    time.sleep(0.2)  # each backend reads it in its own time
    began = time.monotonic()
    return stage.live(stage.change()) - began


def failed_over(stage: Stage) -> float:
    """Kill the server once its standby has everything, and promote the standby."""
    _wait_until_caught_up(_server(stage))
    return _fail_over(stage)


def failed_over_behind(stage: Stage) -> float:
    """Kill the server while its standby lacks the last change, which is gone with it."""
    kept = stage.ours.publisher.thumbprint(stage.changed_api)
    assert stage.standby
    _wait_until_caught_up(_server(stage))
    stage.standby.stop()
    stage.live(stage.change())
    _server(stage).kill()
    stage.standby.start()
    began = time.monotonic()
    _promote(stage)
    recovery = stage.gone_back(kept) - began
    _follow_again(stage)
    return recovery


def restored(stage: Stage) -> float:
    """Make a backup, change something, restore the backup."""
    kept = stage.ours.publisher.thumbprint(stage.changed_api)
    file, passphrase = stage.ours.home / "backup", stage.ours.home / "passphrase"
    passphrase.write_text("for the benchmark only")
    stage.ours.manage("backup", str(file), "--passphrase-file", str(passphrase))
    stage.live(stage.change())
    stage.ours.manage("restore", str(file), "--passphrase-file", str(passphrase))
    began = time.monotonic()
    return stage.gone_back(kept) - began


def _fail_over(stage: Stage) -> float:
    began = time.monotonic()
    _server(stage).kill()
    _promote(stage)
    recovery = stage.live(stage.change()) - began
    _follow_again(stage)
    return recovery


def _promote(stage: Stage) -> None:
    """Let the standby serve in place of the server."""
    assert stage.standby
    _execute(stage.standby, "SELECT pg_promote()")
    stage.database, stage.standby = stage.standby, stage.database


def _follow_again(stage: Stage) -> None:
    """Let the server that was killed follow the one that serves now."""
    assert stage.standby
    stage.standby.follow(_server(stage))


def _wait_until_caught_up(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as asking:
        while asking.execute(_CAUGHT_UP).fetchone() != (True,):
            time.sleep(_LOOK_SECONDS)


def _away(stage: Stage, seconds: float) -> float:
    _server(stage).stop()
    time.sleep(seconds)
    _server(stage).start()
    began = time.monotonic()
    return stage.live(stage.change()) - began


def _server(stage: Stage) -> Server:
    assert stage.database
    return stage.database


def _execute(server: Server, *statements: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as asking:
        for statement in statements:
            asking.execute(statement)


_LIVE = "until a change is live"
FAULTS = (
    Fault("connections cut", f"cut {_LIVE}", cut, Where.POSTGRESQL),
    Fault("server restarted", f"start {_LIVE}", restarted, Where.POSTGRESQL),
    Fault("server stopped", f"start {_LIVE}", stopped, Where.POSTGRESQL),
    Fault("database read-only", f"writable again {_LIVE}", read_only, Where.POSTGRESQL),
    Fault("fail-over to a standby", f"death {_LIVE}", failed_over, Where.POSTGRESQL),
    Fault("fail-over to a standby that lacks a change", "promotion until a call is as it was", failed_over_behind, Where.POSTGRESQL),
    Fault("backup restored under the running system", "restored until a call is as it was", restored, Where.POSTGRESQL),
)
