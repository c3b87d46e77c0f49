"""A running portal under load, on which something breaks; and what callers notice, and what is wrong or lost afterwards.

Callers call every API all the time. For each call it is known which certificate it had to carry: another one, or a 401 or 404 for a
valid key on an existing API, is a wrong answer; no answer or a 5xx is a failed call. Afterwards everything that was acknowledged must
be there: in a database without contradictions, and at the gateway, resource by resource.
"""

from __future__ import annotations

import bisect
import enum
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.callers import Call, Callers, Calls, call_once
from benchmarks.faults.equality import differences
from benchmarks.faults.worlds import Clock, Disk
from benchmarks.faults.writers import Writers
from benchmarks.publisher import Change
from benchmarks.stack import Stack
from tests.postgresql import Server

CALLERS = 4
_PAUSE_SECONDS = 0.002  # between a caller's calls: the processes under test shall find room on the machine
LIVE_WITHIN_SECONDS = 60.0
_WRONG_STATUSES = (401, 403, 404)
_EXAMPLES = 10


class NotRecovered(Exception):
    """A change that was made around a fault is not live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What callers noticed, and what was found afterwards.

    :ivar lost: what was acknowledged and is not there, or is not as it should be: a sentence each
    :ivar recovery: seconds, see each fault
    :ivar silence: the longest time, in seconds, in which no call was answered well
    :ivar examples: some of the wrong calls, in words
    """

    calls: int
    wrong: int
    failed: int
    lost: tuple[str, ...]
    recovery: float
    silence: float
    examples: tuple[str, ...] = ()


class Where(enum.Enum):
    """What a portal must stand on for something to break."""

    SQLITE = "SQLite"
    SMALL_DISK = "SQLite on a small disk"
    OWN_CLOCK = "SQLite, under a clock of its own"
    SERVED = "SQLite, kept by `manage.py serve`"
    POSTGRESQL = "PostgreSQL"
    POSTGRESQL_ON_SMALL_DISK = "PostgreSQL on a small disk"
    POSTGRESQL_SERVED = "PostgreSQL, kept by `manage.py serve`"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that breaks, and is mended again.

    :ivar recovery_is: what the seconds tell that *happen* returns
    :ivar loses_calls: whether calls may fail while it lasts, because nobody is there to answer them
    """

    title: str
    recovery_is: str
    happen: Callable[[Stage], float]
    where: Where = Where.SQLITE
    loses_calls: bool = False


@dataclass(slots=True)
class Stage:
    """A running portal on which something breaks.

    :ivar seconds: how long what is broken stays so
    :ivar database: the PostgreSQL that it stands on; *standby* follows it
    :ivar disk: the small disk that holds the database
    :ivar clock: what its processes take for the clock
    :ivar writers: who write all the time while something is killed
    :ivar called: the APIs that callers call
    :ivar found: what a fault has seen go wrong besides
    """

    ours: Stack
    seconds: float
    database: Server | None = None
    standby: Server | None = None
    disk: Disk | None = None
    clock: Clock | None = None
    writers: Writers | None = None
    called: Sequence[int] = ()
    found: list[str] = field(default_factory=list)
    _expected: dict[int, list[str]] = field(default_factory=dict)  # by API: its certificates, the newest last
    _binding: dict[int, list[float]] = field(default_factory=dict)  # by API: when each of these had been applied everywhere

    def __post_init__(self) -> None:
        """Learn who presents which certificate."""
        self.called = self.called or range(self.ours.plan.apis)
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
        deadline = time.monotonic() + LIVE_WITHIN_SECONDS
        while time.monotonic() < deadline:
            call = call_once(self.ours.port, self.ours.request(self.changed_api), timeout=1)
            if call.seen == change.thumbprint:
                self._binding[self.changed_api][-1] = self._applied(change) or time.monotonic()
                return call.ended
            time.sleep(0.01)
        raise NotRecovered(f"{change} is not live after {LIVE_WITHIN_SECONDS:.0f} s.")

    def _applied(self, change: Change) -> float | None:
        """Return when *change* had been applied everywhere; ``None`` of one that no log tells of.

        :raises NotRecovered: if it is not in time
        """
        if not change.number:
            return None
        if applied := self.ours.publisher.applied(change, seconds=LIVE_WITHIN_SECONDS):
            return applied
        raise NotRecovered(f"{change} is presented, and not said to be live.")

    def gone_back(self, thumbprint: str) -> float:
        """Wait until calls carry an earlier certificate of the changed API again; return when one did (CLOCK_MONOTONIC)."""
        self._expected[self.changed_api].append(thumbprint)
        self._binding[self.changed_api].append(float("inf"))
        return self.live(Change(number=0, began=0, committed=0, thumbprint=thumbprint))

    def suffer(self, fault: Fault) -> Outcome:
        """Let *fault* happen under load."""
        requests = [self.ours.request(api) for api in self.called]
        callers = Callers(self.ours.port, requests, number=CALLERS, pause=_PAUSE_SECONDS)
        time.sleep(0.5)
        self.found.clear()
        try:
            recovery = self._happen(fault)
            lost = self._lost()
            time.sleep(0.5)
        finally:
            calls = callers.stop()
        return self._outcome(calls, recovery, lost)

    def _happen(self, fault: Fault) -> float:
        try:
            return fault.happen(self)
        except NotRecovered as error:  # the rounds after it tell more
            self.found.append(str(error))
            return LIVE_WITHIN_SECONDS

    def _lost(self) -> tuple[str, ...]:
        """Return what is not as it was acknowledged, or contradicts itself, once gateways have had time to become equal."""
        publisher = self.ours.publisher
        newest = self._expected[self.changed_api][-1]
        gone = [] if publisher.thumbprint(self.changed_api) == newest else ["The change that was acknowledged is not in the database."]
        unequal = differences(self.ours.home, publisher.wanted, seconds=LIVE_WITHIN_SECONDS)
        written = self.writers.lost() if self.writers else []
        return (*self.found, *gone, *written, *publisher.faults(), *unequal)

    def _outcome(self, calls: Calls, recovery: float, lost: tuple[str, ...]) -> Outcome:
        wrong: list[str] = []
        failed = 0
        good: list[float] = []
        for call in calls:
            if call.status == 200:
                good.append(call.ended)
            if (call.status == 200 and not self._is_right(call)) or call.status in _WRONG_STATUSES:
                wrong.append(self._words(call))
            elif call.status != 200:
                failed += 1
        silence = max((later - sooner for sooner, later in itertools.pairwise(good)), default=0.0)
        examples = tuple(wrong[:_EXAMPLES])
        return Outcome(calls=len(calls), wrong=len(wrong), failed=failed, lost=lost, recovery=recovery, silence=silence, examples=examples)

    def _is_right(self, call: Call) -> bool:
        """Return whether a call carried its API's certificate: the newest that was applied everywhere when it began, or a newer one."""
        api = self.called[call.request]
        return call.seen in self._expected[api][self._newest_applied(api, call.began) :]

    def _newest_applied(self, api: int, began: float) -> int:
        return bisect.bisect_right(self._binding[api], began) - 1

    def _words(self, call: Call) -> str:
        """Return what *call* got, and what it should have got."""
        api = self.called[call.request]
        expected, newest = self._expected[api], self._newest_applied(api, call.began)
        carried = f"number {expected.index(call.seen)}" if call.seen in expected else "a stranger" if call.seen else "nobody"
        since = 1000 * (call.began - self._binding[api][newest])
        took = 1000 * (call.ended - call.began)
        applied = f"{since:.1f} ms after number {newest} of {len(expected)} was applied"
        return f"API {api}: {call.status} as {carried}, began {applied}, took {took:.1f} ms"
