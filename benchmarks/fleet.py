"""A fleet on one control plane: filling gateways that have nothing, and a change on all of them. ``python -m benchmarks.fleet``

The gateways are simulated (:mod:`benchmarks.simulated`): what is measured is what the control plane does for each. They come over mutual
TLS, each with its own enrolment, as real ones do. Changes are new certificates; a change is on all when the last of them has taken it.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import servers
from benchmarks.backends import start_backend
from benchmarks.plan import Plan
from benchmarks.publisher import Change
from benchmarks.report import PROJECT, Row, options, percentile, progress, publish
from benchmarks.stack import Stack
from kit.issuing import issue
from kit.ports import free_port

_PATIENCE_SECONDS = 90.0  # and a few for each gateway
_FOR_EACH_SECONDS = 5.0
_CHANGE_SECONDS = 30.0


class Fleet:
    """Simulated gateways, and what they have taken when.

    :ivar number: how many of them read
    :ivar began: when they were started (CLOCK_MONOTONIC)
    :ivar bytes: how many each has been sent so far
    """

    def __init__(self, address: str, folders: Sequence[Path]) -> None:
        """Start them."""
        command = [sys.executable, "-m", "benchmarks.simulated", address, *map(str, folders)]
        self.number = len(folders)
        self.began = time.monotonic()
        self._process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        self._taken: defaultdict[int, dict[str, float]] = defaultdict(dict)
        self.bytes: dict[str, int] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def stall_one(self) -> None:
        """Let the first of them read no more."""
        self._process.send_signal(signal.SIGUSR1)
        self.number -= 1

    def cpu_seconds(self) -> float:
        """Return the processor time that they have used so far, all of them together."""
        return servers.cpu_seconds(self._process.pid)

    def taken(self, line: int, *, seconds: float) -> list[float]:
        """Return when each gateway (of those that read) has taken the change of this *line* (0: everything), in CLOCK_MONOTONIC.

        :raises TimeoutError: if some have not in time
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._taken[line]) >= self.number, timeout=seconds):
                reason = f"{len(self._taken[line])} of {self.number} gateways have taken the change {line} within {seconds:.0f} s."
                raise TimeoutError(reason)
            return list(self._taken[line].values())

    def stop(self) -> None:
        """End them."""
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout
        for text in self._process.stdout:
            said = json.loads(text)
            with self._changed:
                self._taken[said["line"]].setdefault(said["gateway"], said["at"])
                self.bytes[said["gateway"]] = said["bytes"]
                self._changed.notify_all()


def main(arguments: Namespace) -> None:
    """Measure and publish."""
    sizes = ((50, 5),) if arguments.quick else ((arguments.apis, arguments.gateways),)
    rows = [_measure(apis, gateways, 3 if arguments.quick else arguments.changes) for apis, gateways in sizes]
    remarks = [
        "filled: from the start of all gateways at once until the last has everything; the control plane holds it already.",
        "CPU s: what filling took of the processors, the control plane's part and that of the simulated gateways, which share them here.",
        "change: milliseconds from the commit until a gateway has it, over all gateways and changes; last: until the last one has it.",
        "one stalled: the same while one gateway reads nothing more.",
    ]
    publish("fleet", {"One control plane": rows}, arguments, remarks=remarks)


def _measure(apis: int, gateways: int, changes: int) -> Row:
    with ExitStack() as stack:
        folder = stack.enter_context(servers.workplace())
        (folder / "backend").mkdir()
        backend = start_backend(folder / "backend", issue("authority", authority=True), http2=True)
        stack.callback(backend.stop)
        address = f"{servers.HOST}:{free_port()}"
        plan = Plan(apis=apis, certificates=apis, keys=min(10_000, 2 * apis))
        ours = stack.enter_context(Stack(home=folder / "ours", backend=backend, plan=plan, further={"PORTAL_XDS_ADDRESS": address}))
        folders = [folder / f"simulated-{number:03}" for number in range(gateways)]
        for one in folders:
            ours.publisher.enrol(one)
        xds = ours.running["xds"]
        before, spent = xds.memory(), xds.cpu_seconds()
        progress(f"Filling {gateways} gateways …")
        with _fleet(address, folders) as fleet:
            filled = max(fleet.taken(0, seconds=_PATIENCE_SECONDS + gateways * _FOR_EACH_SECONDS)) - fleet.began
            sent = sum(fleet.bytes.values()) / 1e6
            spent, theirs, most = xds.cpu_seconds() - spent, fleet.cpu_seconds(), xds.peak_memory()
            progress("Changes …")
            each, last = _changes(ours, fleet, changes)
            fleet.stall_one()
            _, beside = _changes(ours, fleet, changes)
            return {
                "APIs": apis,
                "gateways": gateways,
                "filled s": filled,
                "xDS CPU s": spent,
                "gateways' CPU s": theirs,
                "sent MB": sent,
                "xDS MB at most": most / 1e6,
                "xDS MB before": before / 1e6,
                "change p50 ms": percentile(each, 0.5),
                "change p99 ms": percentile(each, 0.99),
                "last p50 ms": percentile(last, 0.5),
                "last p99 ms": percentile(last, 0.99),
                "last p99 ms, one stalled": percentile(beside, 0.99),
            }


@contextmanager
def _fleet(address: str, folders: Sequence[Path]) -> Iterator[Fleet]:
    fleet = Fleet(address, folders)
    try:
        yield fleet
    finally:
        fleet.stop()


def _changes(ours: Stack, fleet: Fleet, number: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each change on each gateway, and on the last one."""
    each, last = [], []
    for one in range(number):
        change: Change = ours.publisher.replace_certificate(one % ours.plan.apis)
        took = [1000 * (at - change.committed) for at in fleet.taken(change.number, seconds=_CHANGE_SECONDS)]
        each += took
        last.append(max(took))
        time.sleep(0.2)
    return each, last


if __name__ == "__main__":
    parser = options(__doc__ or "")
    parser.add_argument("--apis", type=int, default=5000)
    parser.add_argument("--gateways", type=int, default=100)
    parser.add_argument("--changes", type=int, default=50)
    main(parser.parse_args())
