"""What callers notice when something breaks: each process killed, stalled, doubled, the database locked. ``python -m benchmarks.faults``

Callers call every API of a small portal all the time. For each call it is known which certificate it had to carry: another one, or a
401 or 404 for a valid key on an existing API, is a wrong answer; no answer or a 5xx is a failed call. While things are broken a
certificate is replaced; recovery ends when a call carries it.
"""

from __future__ import annotations

import bisect
import itertools
import os
import signal
import sqlite3
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks import servers
from benchmarks.backends import start_backend
from benchmarks.callers import Callers, Calls, Request, call_once
from benchmarks.plan import Plan
from benchmarks.publisher import Change
from benchmarks.report import Row, options, progress, publish
from benchmarks.stack import Stack
from kit.issuing import issue

CALLERS = 4
_PAUSE_SECONDS = 0.002  # between a caller's calls: the processes under test shall find room on the machine
_LIVE_WITHIN_SECONDS = 60.0
_WRONG_STATUSES = (401, 403, 404)


class NotRecovered(Exception):
    """A change that was made around a fault is not live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What callers noticed.

    :ivar recovery: seconds, see each fault
    :ivar silence: the longest time, in seconds, in which no call was answered well
    """

    calls: int
    wrong: int
    failed: int
    recovery: float
    silence: float


@dataclass(slots=True)
class Stage:
    """A running portal on which something breaks.

    :ivar seconds: how long what is broken stays so
    """

    ours: Stack
    seconds: float
    _expected: dict[int, list[str]] = field(default_factory=dict)  # by API: its certificates, the newest last
    _binding: dict[int, list[float]] = field(default_factory=dict)  # by API: when each of these had been applied everywhere

    def __post_init__(self) -> None:
        """Learn who presents which certificate."""
        for api in range(self.ours.plan.apis):
            self._expected[api] = [self.ours.publisher.thumbprint(api)]
            self._binding[api] = [0.0]

    @property
    def changed_api(self) -> int:
        """The API whose certificate is replaced around faults."""
        return self.ours.plan.apis - 1

    def change(self) -> Change:
        """Replace a certificate."""
        change = self.ours.publisher.replace_certificate(self.changed_api)
        self._expected[self.changed_api].append(change.thumbprint)
        self._binding[self.changed_api].append(float("inf"))
        return change

    def live(self, change: Change) -> float:
        """Wait until a call carries the certificate of *change*; return when it did (CLOCK_MONOTONIC).

        :raises NotRecovered: if none does in time
        """
        deadline = time.monotonic() + _LIVE_WITHIN_SECONDS
        while time.monotonic() < deadline:
            call = call_once(self.ours.port, self.ours.request(self.changed_api), timeout=1)
            if call.seen == change.thumbprint:
                applied = self.ours.publisher.applied(change, seconds=2)
                self._binding[self.changed_api][-1] = applied or time.monotonic()
                return call.ended
            time.sleep(0.01)
        raise NotRecovered(f"{change} is not live after {_LIVE_WITHIN_SECONDS:.0f} s.")

    def suffer(self, fault: Fault) -> Outcome:
        """Let *fault* happen under load."""
        requests = [self.ours.request(api) for api in range(self.ours.plan.apis)]
        callers = Callers(self.ours.port, requests, number=CALLERS, pause=_PAUSE_SECONDS)
        time.sleep(0.5)
        recovery = fault.happen(self)
        time.sleep(0.5)
        return self._outcome(callers.stop(), recovery)

    def _outcome(self, calls: Calls, recovery: float) -> Outcome:
        wrong = failed = 0
        good: list[float] = []
        for call in calls:
            if call.status == 200:
                good.append(call.ended)
                wrong += not self._is_right(call.request, call.seen, call.began)
            elif call.status in _WRONG_STATUSES:
                wrong += 1
            else:
                failed += 1
        silence = max((later - sooner for sooner, later in itertools.pairwise(good)), default=0.0)
        return Outcome(calls=len(calls), wrong=wrong, failed=failed, recovery=recovery, silence=silence)

    def _is_right(self, api: int, seen: str, began: float) -> bool:
        """Return whether a call carried its API's certificate: the newest that was applied everywhere when it began, or a newer one."""
        newest = bisect.bisect_right(self._binding[api], began) - 1
        return seen in self._expected[api][newest:]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that breaks.

    :ivar recovery_is: what the seconds tell that *happen* returns
    :ivar loses_calls: whether calls may fail while it lasts, because nobody is there to answer them
    """

    title: str
    recovery_is: str
    happen: Callable[[Stage], float]
    loses_calls: bool = False


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


@contextmanager
def stage(*, apis: int = 10, seconds: float = 1.0) -> Iterator[Stage]:
    """Set up a portal on which things may break for *seconds* each."""
    with servers.workplace() as folder:
        (folder / "backend").mkdir()
        backend = start_backend(folder / "backend", issue("authority", authority=True), http2=True)
        try:
            with Stack(home=folder / "ours", backend=backend, plan=Plan(apis=apis, certificates=apis, keys=20)) as ours:
                yield Stage(ours, seconds)
        finally:
            backend.stop()


def main(arguments: Namespace) -> None:
    """Let everything break once and publish."""
    seconds = 1.0 if arguments.quick else arguments.seconds
    rows: list[Row] = []
    with stage(apis=10 if arguments.quick else arguments.apis, seconds=seconds) as place:
        for fault in FAULTS:
            progress(f"{fault.title} …")
            outcome = place.suffer(fault)
            rows.append(
                {
                    "": fault.title,
                    "calls": outcome.calls,
                    "wrong answers": outcome.wrong,
                    "failed": outcome.failed,
                    "longest silence s": outcome.silence,
                    "recovery s": outcome.recovery,
                    "recovery is": fault.recovery_is,
                }
            )
    remarks = [
        f"{CALLERS} callers, {place.ours.plan.apis:,} APIs with a certificate each; what is broken stays so for {seconds:.0f} s.",
        "While no Envoy runs, nobody can answer: those calls fail. A planned restart must lose none.",
    ]
    publish("faults", {"Under load": rows}, arguments, remarks=remarks)


if __name__ == "__main__":
    parser = options("Break everything once, under load.")
    parser.add_argument("--seconds", type=float, default=20, help="how long what is broken stays so (20)")
    parser.add_argument("--apis", type=int, default=100, help="of the portal (100)")
    main(parser.parse_args())
