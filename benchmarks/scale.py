"""The same at 10 and at 5,000 APIs: what a change takes, what a call costs, starting cold, memory. ``python -m benchmarks.scale``

One portal after the other, each with 10 operations per API, 10,000 certificates and 10,000 keys, half of which open all APIs.
Changes are timed while two callers keep calling: from the commit to the first call that shows the change.
"""

from __future__ import annotations

import secrets
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks import servers
from benchmarks.backends import Backend, start_backend
from benchmarks.callers import Call, Request, call_once, calling
from benchmarks.load import Load, put_load
from benchmarks.plan import TEMPLATES, Plan
from benchmarks.publisher import Change
from benchmarks.report import Row, Spread, options, percentile, progress, publish
from benchmarks.stack import Stack
from kit.issuing import issue

PROXY_CORE, OTHER_CORE = 0, 1
CERTIFICATES = KEYS = 10_000
SIZES = (10, 100, 1000, 5000)
_CALLERS = 2
_SHOWS_WITHIN_SECONDS = 1.0


class NotShown(Exception):
    """A change was committed and no call showed it in time."""


def main(arguments: Namespace) -> None:
    """Measure and publish."""
    sizes = (10, 100) if arguments.quick else SIZES
    rows: list[Row] = []
    changes: list[Row] = []
    with ExitStack() as stack:
        folder = stack.enter_context(servers.workplace())
        (folder / "backend").mkdir()
        backend = start_backend(folder / "backend", issue("authority", authority=True), http2=True, core=OTHER_CORE)
        stack.callback(backend.stop)
        for apis in sizes:
            row, change = _measure(folder, backend, apis, arguments)
            rows.append(row)
            changes.append(change)
    remarks = [
        "cold: both processes are started on a database that holds everything; until the gateway answers. The database's cache is warm.",
        "last / first: calls a second to the last operation of the last API as a multiple of those to the first API; rounds take turns.",
        f"Changes: milliseconds from the commit to the first call that shows it, p50 (p99), while {_CALLERS} callers keep calling.",
    ]
    for process in ("xDS MB", "gateway MB"):
        least, most = (float(str(row[process])) for row in (rows[0], rows[-1]))
        remarks.append(f"{process.removesuffix(' MB')}: {(most - least) / (sizes[-1] - sizes[0]) * 1000:.0f} kB an API.")
    publish("scale", {"Calls, starting and memory": rows, "Changes": changes}, arguments, remarks=remarks)


def _measure(folder: Path, backend: Backend, apis: int, arguments: Namespace) -> tuple[Row, Row]:
    certificates, keys = (apis, 100) if arguments.quick else (CERTIFICATES, KEYS)
    plan = Plan(apis=apis, certificates=certificates, keys=keys)
    with Stack(home=folder / f"ours-{apis}", backend=backend, plan=plan, core=PROXY_CORE) as ours:
        memory = {name: server.memory() for name, server in ours.running.items()}
        progress(f"{apis:,} APIs: changes …")
        changes = _changes(ours, 4 if arguments.quick else arguments.changes)
        progress(f"{apis:,} APIs: calls …")
        rounds, seconds = (2, 1.0) if arguments.quick else (arguments.rounds, 3.0)
        first, last = _calls(ours, rounds, seconds)
        ratio = Spread.of([one.per_second / other.per_second for one, other in zip(last, first, strict=True)])
        row: Row = {
            "APIs": apis,
            "cold s": ours.fed_after,
            "xDS MB": memory["xds"] / 1e6,
            "gateway MB": memory["gateway"] / 1e6,
            "first API calls/s": Spread.of([load.per_second for load in first]),
            "last API calls/s": Spread.of([load.per_second for load in last]),
            "last / first": ratio,
            "p99 ms first": Spread.of([load.p99_ms for load in first]).median,
            "p99 ms last": Spread.of([load.p99_ms for load in last]).median,
            "failed": sum(load.failed for load in (*first, *last)),
        }
    return row, {"APIs": apis, **{name: f"{percentile(found, 0.5):.1f} ({percentile(found, 0.99):.1f})" for name, found in changes.items()}}


def _calls(ours: Stack, rounds: int, seconds: float) -> tuple[list[Load], list[Load]]:
    """Return the loads of calls to the first and to the last API."""
    url = f"http://{servers.HOST}:{ours.port}"
    targets = [ours.request(0), ours.request(ours.plan.apis - 1)]
    found: list[list[Load]] = [[], []]
    for request in targets:
        put_load(url, request, seconds=1, core=OTHER_CORE)  # connections, caches
    for number in range(rounds):
        order = (0, 1) if number % 2 else (1, 0)
        for target in order:
            found[target].append(put_load(url, targets[target], seconds=seconds, core=OTHER_CORE))
    return found[0], found[1]


def _changes(ours: Stack, times: int) -> dict[str, list[float]]:
    """Return the milliseconds that each kind of change has taken, each of *times* times."""
    publisher, last = ours.publisher, ours.plan.apis - 1
    found: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(times):
        key, name = secrets.token_hex(16), f"added-{number}"
        usual, with_key = ours.request(last), Request(ours.request(last).path, key)
        for what, request, change, shows in (
            ("certificate", usual, partial(publisher.replace_certificate, last), _carries_the_new_one),
            ("operation deleted", usual, partial(publisher.delete_operation, last, TEMPLATES[-1]), partial(_answers, 404)),
            ("operation added", usual, partial(publisher.add_operation, last, TEMPLATES[-1]), partial(_answers, 200)),
            ("key added", with_key, partial(publisher.add_key, name, key), partial(_answers, 200)),
            ("key revoked", with_key, partial(publisher.revoke_key, name), partial(_answers, 401)),
        ):
            found[what].append(_shown_after(ours.port, request, change, shows))
    return found


def _carries_the_new_one(call: Call, change: Change) -> bool:
    return call.seen == change.thumbprint


def _answers(status: int, call: Call, _change: Change) -> bool:
    return call.status == status


def _shown_after(port: int, request: Request, make: Callable[[], Change], shows: Callable[[Call, Change], bool]) -> float:
    """Make a change while callers call; return the milliseconds from its commit to the end of the first call that shows it.

    :raises NotShown: if none does in time
    """
    with calling(port, [request], number=_CALLERS, pause=0.0005) as calls:
        time.sleep(0.1)
        change = make()
        deadline = time.monotonic() + _SHOWS_WITHIN_SECONDS
        while time.monotonic() < deadline and not shows(call_once(port, request), change):
            time.sleep(0.005)
        time.sleep(0.05)
    first = next((call.ended for call in calls.ended_between(change.began, time.monotonic()) if shows(call, change)), None)
    if first is None:
        raise NotShown(f"{change} did not show within {_SHOWS_WITHIN_SECONDS} s in calls to {request.path}.")
    return (first - change.committed) * 1000


if __name__ == "__main__":
    parser = options("Measure changes, calls, start and memory at 10, 100, 1,000 and 5,000 APIs.")
    parser.add_argument("--rounds", type=int, default=7, help="how often the first and the last API are called (7)")
    parser.add_argument("--changes", type=int, default=20, help="of each kind (20)")
    main(parser.parse_args())
