"""The switch: from the commit to the first call with the new certificate and the last one with the old. ``python -m benchmarks.switch``

Callers keep calling while certificates are replaced; the back end says with each answer whose certificate it saw. Ours, at 10 and at
5,000 APIs, takes turns with an nginx that is reloaded, a HAProxy that is told to commit and a hand-written Envoy whose secret is
swapped. ``--long`` is the long run instead: ours alone, 1,000 switches and 1,000,000 calls, every single one looked at.
"""

from __future__ import annotations

import bisect
import itertools
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import servers
from benchmarks.backends import Backend, start_backend
from benchmarks.callers import NOBODY, Callers, Calls, Request
from benchmarks.plan import Plan, key_of
from benchmarks.report import Row, options, percentile, progress, publish
from benchmarks.rivals import API_PATH, RIVALS, Rival
from benchmarks.stack import Stack
from kit.issuing import issue

CALLERS = 8
_GAP_SECONDS = 0.3  # between a switch of ours, once it is acknowledged, and the next
_WATCH_SECONDS = 1.3  # rivals do not acknowledge; who has not switched by then has not switched
_ACK_WITHIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Told:
    """A switch that was asked for.

    :ivar at: when the change was committed (CLOCK_MONOTONIC)
    :ivar thumbprint: of the new certificate
    :ivar acknowledged: when the gateway had applied it; ``None``: it does not say, or has not
    """

    at: float
    thumbprint: str
    acknowledged: float | None = None


@dataclass(slots=True)
class Switch:
    """One switch as the callers saw it; times are milliseconds after it was told.

    :ivar first_new: the end of the first call that carried the new certificate; ``None``: none did
    :ivar last_old: the beginning of the last call that carried an older one; 0 if none began after it was told
    :ivar old: how many of those there were
    :ivar old_after_ack: how many of those began after the gateway had acknowledged
    """

    acknowledged: float | None
    first_new: float | None = None
    last_old: float = 0.0
    old: int = 0
    old_after_ack: int = 0


def watched(calls: Calls, told: Sequence[Told]) -> tuple[list[Switch], int]:
    """Return what each of the switches looked like, and how many calls failed."""
    switches = [Switch((one.acknowledged - one.at) * 1000 if one.acknowledged else None) for one in told]
    number = {one.thumbprint: position for position, one in enumerate(told)}  # of the switch that brought a certificate
    moments = [one.at for one in told]
    failed = 0
    for call in calls:
        failed += call.status != 200
        if call.seen == NOBODY:
            continue
        carried = number.get(call.seen, -1)
        due = bisect.bisect_right(moments, call.began) - 1  # the newest switch told before the call began
        if carried >= 0 and switches[carried].first_new is None:  # calls stand in the order in which they ended
            switches[carried].first_new = (call.ended - told[carried].at) * 1000
        if carried < due:
            late = switches[due]
            late.old += 1
            late.last_old = max(late.last_old, (call.began - told[due].at) * 1000)
            acknowledged = told[due].acknowledged
            late.old_after_ack += acknowledged is not None and call.began > acknowledged
    return switches, failed


@dataclass(slots=True)
class Subject:
    """Somebody whose certificate is switched."""

    title: str
    how: str
    port: int
    request: Request
    switch: Callable[[], Told]
    gap: float
    switches: list[Switch] = field(default_factory=list)
    calls: int = 0
    failed: int = 0

    def round(self, switches: int) -> None:
        """Switch that often while callers call."""
        callers = Callers(self.port, [self.request], number=CALLERS)
        time.sleep(_GAP_SECONDS)
        told = []
        for _ in range(switches):
            told.append(self.switch())
            time.sleep(self.gap)
        self.note(callers.stop(), told)

    def note(self, calls: Calls, told: Sequence[Told]) -> None:
        """Add what *calls* show of the switches *told* to what has been found."""
        switches, failed = watched(calls, told)
        self.switches += switches
        self.calls += len(calls)
        self.failed += failed

    @property
    def first_new(self) -> list[float]:
        """The milliseconds to the first call with the new certificate, of each switch that took place."""
        return [one.first_new for one in self.switches if one.first_new is not None]

    def row(self) -> Row:
        """Return what has been found."""
        acknowledged = [one.acknowledged for one in self.switches if one.acknowledged is not None]
        return {
            "": self.title,
            "by": self.how,
            "switches": len(self.switches),
            "not switched": len(self.switches) - len(self.first_new),
            "first new p50 ms": percentile(self.first_new, 0.5) if self.first_new else None,
            "first new p99 ms": percentile(self.first_new, 0.99) if self.first_new else None,
            "last old p50 ms": percentile([one.last_old for one in self.switches], 0.5),
            "last old max ms": max(one.last_old for one in self.switches),
            "ack p50 ms": percentile(acknowledged, 0.5) if acknowledged else None,
            "old calls": sum(one.old for one in self.switches),
            "old after ack": sum(one.old_after_ack for one in self.switches) if acknowledged else None,
            "failed": self.failed,
            "calls": self.calls,
        }


def compare(arguments: Namespace) -> None:
    """Measure ours beside the rivals and publish."""
    rounds, switches = (2, 3) if arguments.quick else (arguments.rounds, 20)
    sizes = (10, 100) if arguments.quick else (10, 5000)
    with ExitStack() as stack:
        folder = stack.enter_context(servers.workplace())
        backend = _backend(stack, folder)
        ours = [_ours(stack, folder, backend, apis) for apis in sizes]
        subjects = [*ours, *(_rival(stack, folder, backend, kind) for kind in RIVALS if kind.installed())]
        for number in range(rounds):
            progress(f"Round {number + 1} of {rounds} …")
            for subject in subjects:
                subject.round(switches if subject in ours else max(1, switches // 4))
    small, large = (percentile(subject.first_new, 0.5) for subject in ours)
    remarks = [
        f"{CALLERS} callers, each calling again as soon as it is answered; {rounds} rounds, taking turns.",
        "From the commit (rivals: from before the new files are written) to the end of the first call with the new certificate.",
        f"Ours, {sizes[1]:,} APIs against {sizes[0]:,}: ratio of the medians {large / small:.2f}.",
        f"Rivals are watched for {_WATCH_SECONDS} s after each switch.",
        *(f"{rival.title} is missing: {rival.program} is not installed." for rival in RIVALS if not rival.installed()),
    ]
    publish("switch", {"A new certificate under load": [subject.row() for subject in subjects]}, arguments, remarks=remarks)


def run_long(arguments: Namespace) -> None:
    """Switch very often under load, look at every call, and publish."""
    switches, number_of_calls = (20, 10_000) if arguments.quick else (arguments.switches, arguments.calls)
    with ExitStack() as stack:
        folder = stack.enter_context(servers.workplace())
        ours = _ours(stack, folder, _backend(stack, folder), arguments.apis)
        callers = Callers(ours.port, [ours.request], number=CALLERS)
        told: list[Told] = []
        while len(told) < switches or callers.count() < number_of_calls:
            told.append(ours.switch())
            if len(told) % 100 == 0:
                progress(f"{len(told):,} switches, {callers.count():,} calls …")
        ours.note(callers.stop(), told)
    remarks = [f"{CALLERS} callers without pauses; the next switch as soon as the last one is acknowledged."]
    publish("switch, the long run", {"Very many switches": [ours.row()]}, arguments, remarks=remarks)


def _backend(stack: ExitStack, folder: Path) -> Backend:
    (folder / "backend").mkdir()
    backend = start_backend(folder / "backend", issue("authority", authority=True), http2=True)
    stack.callback(backend.stop)
    return backend


def _ours(stack: ExitStack, folder: Path, backend: Backend, apis: int) -> Subject:
    ours = stack.enter_context(
        Stack(home=folder / f"ours-{apis}", backend=backend, plan=Plan(apis=apis, certificates=2 * apis, keys=max(2 * apis, 100)))
    )
    last = apis - 1

    def switch() -> Told:
        change = ours.publisher.replace_certificate(last)
        acknowledged = ours.publisher.applied(change, seconds=_ACK_WITHIN_SECONDS)
        return Told(change.committed, change.thumbprint, acknowledged)

    return Subject(f"ours, {apis:,} APIs", "Save", ours.port, ours.request(last), switch, _GAP_SECONDS)


def _rival(stack: ExitStack, folder: Path, backend: Backend, kind: type[Rival]) -> Subject:
    own = folder / kind.program
    own.mkdir()
    rival = kind(folder=own, backend=backend, identity=backend.client("client"), keys=[key_of(0)])
    rival.start()
    stack.callback(rival.stop)
    numbers = itertools.count(1)

    def switch() -> Told:
        fresh = backend.client(f"client {next(numbers)}")
        return Told(rival.switch(fresh), fresh.thumbprint.lower())

    return Subject(rival.title, rival.switching, rival.port, Request(f"/{API_PATH}/orders/1", key_of(0)), switch, _WATCH_SECONDS)


if __name__ == "__main__":
    parser = options("Replace certificates under load and watch which one each call carries.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everybody's turn comes (5)")
    parser.add_argument("--long", action="store_true", help="the long run: ours alone, every call looked at")
    parser.add_argument("--switches", type=int, default=1000, help="of the long run, at least (1000)")
    parser.add_argument("--calls", type=int, default=1_000_000, help="of the long run, at least (1000000)")
    parser.add_argument("--apis", type=int, default=10, help="of the long run's portal (10)")
    chosen = parser.parse_args()
    (run_long if chosen.long else compare)(chosen)
