"""What callers notice when the database dies, goes back or is another's, many times. ``python -m benchmarks.dying``

As :mod:`benchmarks.faults`, with a PostgreSQL of its own: its connections cut, restarted, stopped, read-only, restored from a backup
under the running system. In each round a certificate is replaced afterwards, and recovery ends when a call carries it, without a hand.
"""

from __future__ import annotations

import statistics
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from benchmarks import servers
from benchmarks.backends import start_backend
from benchmarks.faults import Outcome, Stage
from benchmarks.plan import Plan
from benchmarks.report import Row, options, progress, publish
from benchmarks.stack import Stack
from kit.issuing import issue
from tests.postgresql import Server, stoppable_server

_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that happens to the database, as :class:`benchmarks.faults.Fault` is to processes."""

    title: str
    recovery_is: str
    happen: Callable[[Stage], float]


@dataclass(slots=True)
class Troubles:
    """What can happen to *database*."""

    database: Server

    def all(self) -> tuple[Trouble, ...]:
        """Return them in the order in which they happen."""
        live = "until a change is live"
        return (
            Trouble("connections cut", f"cut {live}", self.cut),
            Trouble("server restarted", f"start {live}", self.restarted),
            Trouble("server stopped", f"start {live}", self.stopped),
            Trouble("database read-only", f"writable again {live}", self.read_only),
            Trouble("backup restored under the running system", "restored until a call is as it was", self.restored),
        )

    def cut(self, stage: Stage) -> float:
        """Cut all connections."""
        self._execute(_OTHERS)
        began = time.monotonic()
        return stage.live(stage.change()) - began

    def restarted(self, stage: Stage) -> float:
        """Stop the server and start it at once."""
        return self._away(stage, 0.0)

    def stopped(self, stage: Stage) -> float:
        """Stop the server for a while."""
        return self._away(stage, stage.seconds)

    def read_only(self, stage: Stage) -> float:
        """Let the database take no change for a while."""
        self._execute("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()", _OTHERS)
        time.sleep(stage.seconds)
        self._execute(
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
            "ALTER SYSTEM RESET default_transaction_read_only",
            "SELECT pg_reload_conf()",
        )
        time.sleep(0.2)  # each backend reads it in its own time
        began = time.monotonic()
        return stage.live(stage.change()) - began

    def restored(self, stage: Stage) -> float:
        """Make a backup, change something, restore the backup."""
        kept = stage.ours.publisher.thumbprint(stage.changed_api)
        file, passphrase = stage.ours.home / "backup", stage.ours.home / "passphrase"
        passphrase.write_text("for the benchmark only")
        stage.ours.manage("backup", str(file), "--passphrase-file", str(passphrase))
        stage.live(stage.change())
        stage.ours.manage("restore", str(file), "--passphrase-file", str(passphrase))
        began = time.monotonic()
        return stage.gone_back(kept) - began

    def _away(self, stage: Stage, seconds: float) -> float:
        self.database.stop()
        time.sleep(seconds)
        self.database.start()
        began = time.monotonic()
        return stage.live(stage.change()) - began

    def _execute(self, *statements: str) -> None:
        with psycopg.connect(self.database.url, autocommit=True) as asking:
            for statement in statements:
                asking.execute(statement)


def main(arguments: Namespace) -> None:
    """Let everything happen, round after round, and publish."""
    rounds = 2 if arguments.quick else arguments.rounds
    rows: list[Row] = []
    with servers.workplace() as folder, stoppable_server() as database:
        (folder / "backend").mkdir()
        backend = start_backend(folder / "backend", issue("authority", authority=True), http2=True)
        try:
            plan = Plan(apis=arguments.apis, certificates=arguments.apis, keys=20)
            with Stack(home=folder / "ours", backend=backend, plan=plan, database_url=database.url) as ours:
                place = Stage(ours, arguments.seconds)
                for trouble in Troubles(database).all():
                    progress(f"{trouble.title}, {rounds} rounds …")
                    rows.append(_row(trouble, [place.suffer(trouble) for _ in range(rounds)]))
        finally:
            backend.stop()
    remarks = [f"4 callers, {arguments.apis} APIs with a certificate each; what is away stays so for {arguments.seconds:.0f} s."]
    publish("dying", {"Under load, on PostgreSQL": rows}, arguments, remarks=remarks)


def _row(trouble: Trouble, outcomes: list[Outcome]) -> Row:
    recoveries = [outcome.recovery for outcome in outcomes]
    return {
        "": trouble.title,
        "rounds": len(outcomes),
        "calls": sum(outcome.calls for outcome in outcomes),
        "wrong answers": sum(outcome.wrong for outcome in outcomes),
        "failed": sum(outcome.failed for outcome in outcomes),
        "recovery s, median": statistics.median(recoveries),
        "longest": max(recoveries),
        "recovery is": trouble.recovery_is,
    }


if __name__ == "__main__":
    parser = options("Let the database die in every way, round after round, under load.")
    parser.add_argument("--rounds", type=int, default=20, help="of each (20)")
    parser.add_argument("--seconds", type=float, default=2, help="how long what is away stays so (2)")
    parser.add_argument("--apis", type=int, default=10, help="of the portal (10)")
    main(parser.parse_args())
