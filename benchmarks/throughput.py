"""A call with key check and mutual TLS: how many a second, how fast, at what cost. ``python -m benchmarks.throughput``

Every proxy gets one core to itself; wrk, the back end and our xDS process share the other one. They take turns, round by round, so
that whatever else happens on the machine happens to all of them, and each turn begins with a new process, because one process of the
same program may be a tenth faster than the next.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import servers
from benchmarks.backends import Backend, start_backend
from benchmarks.callers import Request
from benchmarks.load import CONNECTIONS, Load, generator, put_load
from benchmarks.plan import Plan, key_of
from benchmarks.report import Row, Spread, options, progress, publish
from benchmarks.rivals import API_PATH, CALL_RIVALS
from benchmarks.stack import Stack
from kit.issuing import Issued, issue

PROXY_CORE, OTHER_CORE = 0, 1
KEYS = 1000
FEW_CONNECTIONS = 8  # latency as callers see it who do not keep the proxy's core busy with a queue


@dataclass(frozen=True, slots=True)
class Measured:
    """One round: what came of it, and the share of a core that the proxy has used."""

    load: Load
    cpu_share: float


@dataclass(slots=True)
class Subject:
    """Something that is measured.

    :ivar renew: starts it anew
    :ivar server: gives what runs by now
    """

    title: str
    back_end: str
    url: str
    request: Request
    renew: Callable[[], None]
    server: Callable[[], servers.Server]
    rounds: dict[int, list[Measured]] = field(default_factory=dict)  # by the number of connections

    def measure(self, seconds: Mapping[int, float]) -> None:
        """Do one round, with each number of connections for so many seconds."""
        self.renew()
        put_load(self.url, self.request, seconds=1, core=OTHER_CORE)  # connections, caches
        for connections, duration in seconds.items():
            self._measure(connections, duration)

    def _measure(self, connections: int, seconds: float) -> None:
        server = self.server()
        before = server.cpu_seconds()
        core = PROXY_CORE if self.title == "direct" else OTHER_CORE
        load = put_load(self.url, self.request, seconds=seconds, core=core, connections=connections)
        self.rounds.setdefault(connections, []).append(Measured(load, (server.cpu_seconds() - before) / load.seconds))

    def row(self, connections: int) -> Row:
        """Return what has been found."""
        rounds = self.rounds[connections]
        return {
            "": self.title,
            "back end": self.back_end,
            "calls/s": Spread.of([one.load.per_second for one in rounds]),
            "p50 ms": Spread.of([one.load.p50_ms for one in rounds]).median,
            "p99 ms": Spread.of([one.load.p99_ms for one in rounds]),
            "its core's share": Spread.of([one.cpu_share for one in rounds]).median,
            "its µs a call": Spread.of([one.cpu_share / one.load.per_second * 1e6 for one in rounds]),
            "memory MB": self.server().memory() / 1e6,
            "failed": sum(one.load.failed for one in rounds),
        }


def main(arguments: Namespace) -> None:
    """Measure and publish."""
    rounds, long, short = (2, 1.0, 1.0) if arguments.quick else (arguments.rounds, 4.0, 2.0)
    with ExitStack() as stack:
        folder = stack.enter_context(servers.workplace())
        subjects = list(_subjects(stack, folder))
        for number in range(rounds):
            progress(f"Round {number + 1} of {rounds} …")
            for subject in subjects:
                subject.measure({CONNECTIONS: long, FEW_CONNECTIONS: short})
        tables = {
            f"A call through each, {CONNECTIONS} at once": [subject.row(CONNECTIONS) for subject in subjects],
            f"A call through each, {FEW_CONNECTIONS} at once": [subject.row(FEW_CONNECTIONS) for subject in subjects],
            "Ours against the others": list(_ratios(subjects)),
        }
    remarks = [
        f"Calls by {generator()}, {rounds} rounds taking turns, each with a new process of each proxy.",
        f"{long:.0f} s with {CONNECTIONS} connections, {short:.0f} s with {FEW_CONNECTIONS}; each calls again as soon as it is answered.",
        "direct: no proxy; over TLS without a client certificate, which wrk cannot present. Its processor time is the back end's own.",
        f"{KEYS:,} keys wherever keys are checked. A share below 0.95 says that wrk and the back end, not the proxy, were the limit.",
        *(f"{rival.title} is missing: {rival.program} is not installed." for rival in CALL_RIVALS if not rival.installed()),
    ]
    publish("throughput", tables, arguments, remarks=remarks)


def _subjects(stack: ExitStack, folder: Path) -> Iterator[Subject]:
    authority = issue("authority", authority=True)
    for protocol, http2 in (("HTTP/1.1", False), ("HTTP/2", True)):
        place = folder / protocol.replace("/", "")
        place.mkdir()
        backend = start_backend(place, authority, http2=http2, core=OTHER_CORE)
        stack.callback(backend.stop)
        if not http2:
            direct = f"https://{servers.HOST}:{backend.open_port}"
            yield Subject("direct", protocol, direct, Request("/"), renew=_leave, server=partial(getattr, backend, "server"))
        yield from _rivals(stack, place, backend, protocol, backend.client("client"))
        plan = Plan(apis=10, certificates=10, keys=KEYS, operations=1)
        ours = stack.enter_context(Stack(home=place / "ours", backend=backend, plan=plan, core=PROXY_CORE, control_core=OTHER_CORE))
        gateway = partial(ours.running.__getitem__, "gateway")
        yield Subject("ours, with keys", protocol, _url(ours.port), ours.request(0), renew=partial(_renew, ours), server=gateway)


def _rivals(stack: ExitStack, place: Path, backend: Backend, protocol: str, identity: Issued) -> Iterator[Subject]:
    keys = [key_of(number) for number in range(KEYS)]
    for kind in CALL_RIVALS:
        if not kind.installed():
            continue
        own = place / kind.__name__
        own.mkdir()
        rival = kind(folder=own, backend=backend, identity=identity, keys=keys, core=PROXY_CORE)
        rival.start()
        stack.callback(rival.stop)
        request = Request(f"/{API_PATH}/orders/1", keys[0])
        yield Subject(rival.title, protocol, _url(rival.port), request, renew=rival.restart, server=partial(getattr, rival, "server"))


def _leave() -> None:
    """Leave it as it is."""


def _renew(ours: Stack) -> None:
    ours.running["gateway"].stop()
    ours.start_gateway()
    ours.wait_until_answering()


def _ratios(subjects: list[Subject]) -> Iterator[Row]:
    """Yield our calls a second as a multiple of each other subject's, round by round."""
    for ours in (subject for subject in subjects if subject.title.startswith("ours")):
        for other in subjects:
            if other.back_end == ours.back_end and other is not ours:
                yield {
                    "": f"ours / {other.title}",
                    "back end": ours.back_end,
                    "calls/s": Spread.of([mine.load.per_second / its.load.per_second for mine, its in _pairs(ours, other, CONNECTIONS)]),
                    **{
                        f"p99 later by ms, {connections} at once": Spread.of(
                            [mine.load.p99_ms - its.load.p99_ms for mine, its in _pairs(ours, other, connections)]
                        )
                        for connections in (CONNECTIONS, FEW_CONNECTIONS)
                    },
                }


def _pairs(ours: Subject, other: Subject, connections: int) -> Iterator[tuple[Measured, Measured]]:
    return zip(ours.rounds[connections], other.rounds[connections], strict=True)


def _url(port: int) -> str:
    return f"http://{servers.HOST}:{port}"


if __name__ == "__main__":
    parser = options("Measure a call with key check and mutual TLS through our gateway and through others.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everybody's turn comes (5)")
    main(parser.parse_args())
