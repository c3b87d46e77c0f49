"""A call with key check and mutual TLS: how many a second, how fast, at what cost. ``python -m benchmarks.throughput``

Every proxy gets one core to itself; wrk and the back end share the other one. All are up at the same time and take turns, round
by round, so that whatever else happens on the machine happens to all of them.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import servers
from benchmarks.backends import Backend, start_backend
from benchmarks.callers import Request
from benchmarks.load import CONNECTIONS, Load, generator, put_load
from benchmarks.plan import Plan, key_of
from benchmarks.report import Row, Spread, options, progress, publish
from benchmarks.rivals import API_PATH, CALL_RIVALS
from benchmarks.stack import Stack
from tests.issuing import Issued, issue

PROXY_CORE, OTHER_CORE = 0, 1
KEYS = 1000


@dataclass(slots=True)
class Subject:
    """Something that is measured.

    :ivar cpu_seconds: tells the processor time that its processes have used so far
    """

    title: str
    back_end: str
    url: str
    request: Request
    cpu_seconds: Callable[[], float]
    memory: Callable[[], int]
    loads: list[Load] = field(default_factory=list)
    cpu_shares: list[float] = field(default_factory=list)

    def measure(self, seconds: float) -> None:
        """Do one round."""
        before = self.cpu_seconds()
        load = put_load(self.url, self.request, seconds=seconds, core=PROXY_CORE if self.title == "direct" else OTHER_CORE)
        self.cpu_shares.append((self.cpu_seconds() - before) / load.seconds)
        self.loads.append(load)

    def row(self) -> Row:
        """Return what has been found."""
        each = [share / load.per_second * 1e6 for share, load in zip(self.cpu_shares, self.loads, strict=True)]
        return {
            "": self.title,
            "back end": self.back_end,
            "calls/s": Spread.of([load.per_second for load in self.loads]),
            "p50 ms": Spread.of([load.p50_ms for load in self.loads]).median,
            "p99 ms": Spread.of([load.p99_ms for load in self.loads]),
            "its core's share": Spread.of(self.cpu_shares).median,
            "its µs a call": Spread.of(each),
            "memory MB": self.memory() / 1e6,
            "failed": sum(load.failed for load in self.loads),
        }


def main(arguments: Namespace) -> None:
    """Measure and publish."""
    rounds, seconds = (2, 1.0) if arguments.quick else (arguments.rounds, 5.0)
    with ExitStack() as stack:
        folder = stack.enter_context(servers.workplace())
        subjects = list(_subjects(stack, folder))
        for subject in subjects:
            put_load(subject.url, subject.request, seconds=1, core=OTHER_CORE)  # connections, caches
        for number in range(rounds):
            progress(f"Round {number + 1} of {rounds} …")
            for subject in subjects:
                subject.measure(seconds)
        rows = [subject.row() for subject in subjects]
        ratios = list(_ratios(subjects))
    remarks = [
        f"Calls by {generator()} over {CONNECTIONS} connections, {rounds} rounds of {seconds:.0f} s each, taking turns.",
        "direct: no proxy; over TLS without a client certificate, which wrk cannot present. Its processor time is the back end's own.",
        f"{KEYS:,} keys wherever keys are checked. A share below 0.95 says that wrk and the back end, not the proxy, were the limit.",
        *(f"{rival.title} is missing: {rival.program} is not installed." for rival in CALL_RIVALS if not rival.installed()),
    ]
    publish("throughput", {"A call through each": rows, "Ours against the others": ratios}, arguments, remarks=remarks)


def _subjects(stack: ExitStack, folder: Path) -> Iterator[Subject]:
    authority = issue("authority", authority=True)
    for protocol, http2 in (("HTTP/1.1", False), ("HTTP/2", True)):
        place = folder / protocol.replace("/", "")
        place.mkdir()
        backend = start_backend(place, authority, http2=http2, core=OTHER_CORE)
        stack.callback(backend.stop)
        if not http2:
            yield Subject(
                "direct",
                protocol,
                f"https://{servers.HOST}:{backend.open_port}",
                Request("/"),
                backend.server.cpu_seconds,
                backend.server.memory,
            )
        yield from _rivals(stack, place, backend, protocol, backend.client("client"))
        ours = Stack(home=place / "ours", backend=backend, plan=Plan(apis=10, certificates=10, keys=KEYS, operations=1), core=PROXY_CORE)
        stack.enter_context(ours)
        gateway = ours.running["gateway"]
        yield Subject("ours, with keys", protocol, _url(ours.port), ours.request(0), gateway.cpu_seconds, gateway.memory)


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
        yield Subject(rival.title, protocol, _url(rival.port), request, rival.server.cpu_seconds, rival.server.memory)


def _ratios(subjects: list[Subject]) -> Iterator[Row]:
    """Yield our calls a second as a multiple of each other subject's, round by round."""
    for ours in (subject for subject in subjects if subject.title.startswith("ours")):
        for other in subjects:
            if other.back_end == ours.back_end and other is not ours:
                rounds = [mine.per_second / its.per_second for mine, its in zip(ours.loads, other.loads, strict=True)]
                later = [mine.p99_ms - its.p99_ms for mine, its in zip(ours.loads, other.loads, strict=True)]
                yield {
                    "": f"ours / {other.title}",
                    "back end": ours.back_end,
                    "calls/s": Spread.of(rounds),
                    "p99 later by ms": Spread.of(later),
                }


def _url(port: int) -> str:
    return f"http://{servers.HOST}:{port}"


if __name__ == "__main__":
    parser = options("Measure a call with key check and mutual TLS through our gateway and through others.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everybody's turn comes (5)")
    main(parser.parse_args())
