"""What is yet to be written about the gateways: taken down by any thread, at once, and collected by the one that writes."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from apis.handshake.seen import Seen
from gateway.control.knocks import Knock
from gateway.models import FailedCall
from gateway.seeing.readings import Reading
from gateway.seeing.tested_calls import TestedCall
from gateway.streams.delta import FILL
from gateway.streams.stream import Key, Refused
from gateway.streams.token_states import TokenState

K = TypeVar("K")
V = TypeVar("V")
log = logging.getLogger(__name__)

_MOST_KEPT = 10_000  # deliveries and failed calls, while the database is away
_NEARLY = timedelta(seconds=1)  # clocks that differ by less show the same
_MOST_READINGS = 360  # minutes of all gateways, while the database is away; what is older is told of as one
_MOST_TESTED = 100  # waiting to be written: people make few, and whoever pretends to make some gets nothing by it
_MOST_CALLS_PER_SECOND = 100  # of a flood of failed calls no more are kept


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is refused, and since when."""

    text: str
    since: datetime
    presents: UUID | None = None  # the certificate version that stands in


@dataclass(slots=True)
class Page:
    """Notes that are written together. The newest of each thing counts.

    :ivar generation: how often numbers of changes have begun to mean others; notes of changes hold within one
    :ivar anew: what has become of changes before is to be forgotten, also what was written, on gateways that are away and on these
    """

    generation: int = 0
    anew: frozenset[str] | None = None

    gateways: dict[str, dict[str, Any]] = field(default_factory=dict)  # values of the row's fields
    deliveries: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    still_refused: dict[str, frozenset[Key]] = field(default_factory=dict)  # of gateways that came back: everything else is over
    refusals: dict[tuple[str, Key], Reason | None] = field(default_factory=dict)  # None: no longer
    problems: dict[int, Reason | None] = field(default_factory=dict)  # by API
    calls: dict[str, FailedCall] = field(default_factory=dict)  # by activity id
    readings: dict[tuple[str, str, datetime], tuple[Reading, datetime]] = field(default_factory=dict)  # by gateway, Envoy and minute; when
    probes: dict[str, Seen] = field(default_factory=dict)  # what was seen, by the question's id
    tested: dict[str, TestedCall] = field(default_factory=dict)  # by trace
    tokens: dict[str, tuple[list[TokenState], datetime]] = field(default_factory=dict)  # all of a gateway, and when it told
    knocks: dict[str, Knock] = field(default_factory=dict)  # of whom was turned away, by fingerprint

    def __bool__(self) -> bool:
        """Return whether anything is noted."""
        return self.anew is not None or any(held for notes in fields(self) if isinstance(held := getattr(self, notes.name), dict))

    def add(self, newer: Page) -> None:
        """Take over what a *newer* page says."""
        if newer.generation > self.generation:
            self.generation = newer.generation
            self.forget_changes()
        if newer.anew is not None:
            self.anew = newer.anew | (self.anew or frozenset())
        for name, values in newer.gateways.items():
            self.gateways.setdefault(name, {}).update(values)
        for key, values in newer.deliveries.items():
            self.deliveries.setdefault(key, {}).update(values)
        self.still_refused |= newer.still_refused
        for name, keys in newer.still_refused.items():
            self.refusals = {key: why for key, why in self.refusals.items() if key[0] != name or key[1] in keys}
        self.refusals |= newer.refusals
        self.problems |= newer.problems
        self.calls |= newer.calls
        self.probes |= newer.probes
        self.tested |= newer.tested
        self.tokens |= newer.tokens
        self.knocks |= newer.knocks
        for place, (reading, at) in newer.readings.items():
            before = self.readings.get(place)
            self.readings[place] = (before[0].followed_by(reading) if before else reading, at)
        _join_oldest(self.readings)
        _keep_newest(self.deliveries)
        _keep_newest(self.calls)
        _keep_newest(self.probes)
        _keep_newest(self.tested)

    def forget_changes(self) -> None:
        """Take out what was noted of changes, by whose numbers others go by now."""
        self.deliveries.clear()
        self.refusals.clear()
        self.still_refused.clear()
        for values in self.gateways.values():
            values.pop("applied_change", None)
            values.pop("applied_at", None)

    def split(self) -> Iterator[Page]:
        """Yield each note on a page of its own, for when one of them cannot be written."""
        if self.anew is not None:
            yield Page(anew=self.anew)
        for notes in fields(self):
            if isinstance(held := getattr(self, notes.name), dict):
                for key, note in held.items():
                    alone = Page()
                    setattr(alone, notes.name, {key: note})
                    yield alone

    def __str__(self) -> str:
        """Return what is noted of what, without what callers and gateways have written."""
        held = {notes.name: getattr(self, notes.name) for notes in fields(self)}
        return ", ".join(f"{name} {list(notes)}" for name, notes in held.items() if isinstance(notes, dict) and notes)


class StatusQueue:
    """Takes notes from any thread without making it wait."""

    def __init__(self) -> None:
        """Begin with an empty page."""
        self.something = threading.Event()
        self._generation = 0
        self._page = Page()
        self._lock = threading.Lock()
        self._connected: set[str] = set()
        self._calls_in_second = (0, 0)
        self._differs_by = timedelta()

    def go_by(self, shared: datetime) -> None:
        """Tell moments by the clock that shows *shared* now, that of the database, by which other machines compare them.

        Unless it shows nearly the same: to ask takes a moment, and how long a change takes is told in milliseconds.
        """
        differs_by = shared - datetime.now(UTC)
        self._differs_by = differs_by if abs(differs_by) > _NEARLY else timedelta()

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._differs_by

    def connected(self, gateway: str, version: str) -> None:
        """*gateway* has opened a stream."""
        now = self._now()
        with self._lock:
            self._connected.add(gateway)
        self._note(
            Page(
                gateways={
                    gateway: {
                        "version": version,
                        "fed_by": socket.gethostname(),
                        "connected_at": now,
                        "seen_at": now,
                        "disconnected_at": None,
                    }
                }
            )
        )

    def disconnected(self, gateway: str) -> None:
        """*gateway* holds no stream any more."""
        with self._lock:
            self._connected.discard(gateway)
        self._note(Page(gateways={gateway: {"disconnected_at": self._now()}}))

    def see(self) -> None:
        """Note that whoever is connected is still there."""
        now = self._now()
        with self._lock:
            connected = list(self._connected)
        # Another control plane may note only now that it has left that one.
        self._note(Page(gateways={gateway: {"seen_at": now, "disconnected_at": None} for gateway in connected}))

    def sent(self, gateway: str, changes: Collection[int]) -> None:
        """Note that *changes* go out to *gateway*."""
        now = self._now()
        self._note(Page(deliveries={(gateway, change): {"sent_at": now} for change in changes}))

    def applied(self, gateway: str, change: int) -> None:
        """*gateway* has settled everything that *change* touches."""
        self._note(Page(deliveries={(gateway, change): {"applied_at": self._now()}}))

    def up_to(self, gateway: str, change: int) -> None:
        """*gateway* has settled *change* and all before it."""
        self._note(Page(gateways={gateway: {"applied_change": change, "applied_at": self._now()}}))

    def filled(self, gateway: str, refused: Collection[Key]) -> None:
        """*gateway*, newly come, is up to date except for what it has *refused*."""
        self._note(Page(still_refused={gateway: frozenset(refused)}))

    def refused(self, gateway: str, refusal: Refused, presents: UUID | None) -> None:
        """*gateway* has refused a resource and goes on with the certificate version *presents*, if there is one."""
        meanwhile = "An earlier version of the certificate is presented." if presents else "Its calls are refused."
        log.warning("%s has refused %s: %s. %s", gateway, refusal.key[1], refusal.reason, meanwhile)
        deliveries = {(gateway, change): {"reason": refusal.reason} for change in refusal.changes if change != FILL}
        self._note(Page(refusals={(gateway, refusal.key): Reason(refusal.reason, self._now(), presents)}, deliveries=deliveries))

    def accepted(self, gateway: str, key: Key) -> None:
        """Note that *gateway* no longer refuses what it had refused."""
        log.info("%s no longer refuses %s", gateway, key[1])
        self._note(Page(refusals={(gateway, key): None}))

    def problem(self, api: int, reason: str | None) -> None:
        """Note that the API of this id cannot be prepared because of *reason*; ``None``: it can again."""
        self._note(Page(problems={api: Reason(reason, self._now()) if reason else None}))

    def failed(self, call: FailedCall) -> None:
        """Note a call that has failed."""
        this = int(call.at.timestamp())
        with self._lock:
            second, count = self._calls_in_second
            count = count + 1 if this == second else 1
            self._calls_in_second = (this, count)
        kept = {call.activity_id: call} if count <= _MOST_CALLS_PER_SECOND else {}
        self._note(Page(calls=kept))

    def tested(self, call: TestedCall) -> None:
        """Note what a gateway tells of a test call."""
        with self._lock:
            is_flooded = len(self._page.tested) >= _MOST_TESTED
        if not is_flooded:
            self._note(Page(tested={call.trace: call}))

    def counted(self, gateway: str, reading: Reading, *, age: timedelta) -> None:
        """Note what *gateway* has read of its counters that long ago."""
        at = self._now() - age
        self._note(Page(readings={(gateway, reading.envoy, _minute_of(at)): (reading, at)}))

    def tokens_told(self, gateway: str, states: list[TokenState]) -> None:
        """Note how *gateway* gets on with all of its tokens."""
        self._note(Page(tokens={gateway: (states, self._now())}))

    def probed(self, question: str, seen: Seen) -> None:
        """Note what the probe of this id has seen."""
        self._note(Page(probes={question: seen}))

    def turned_away(self, knock: Knock) -> None:
        """Note that somebody who is not enrolled has knocked."""
        self._note(Page(knocks={knock.fingerprint: knock}))

    def take(self) -> Page:
        """Return what is noted and begin a new page."""
        with self._lock:
            page, self._page = self._page, Page(generation=self._generation)
            self.something.clear()
        return page

    def put_back(self, page: Page) -> None:
        """Put back a *page* that could not be written, under what has been noted since."""
        with self._lock:
            page.add(self._page)
            self._page = page

    def begin_anew(self) -> None:
        """Forget what became of changes: the database has gone back, and their numbers mean others by now."""
        with self._lock:
            self._generation += 1
            self._page.add(Page(generation=self._generation, anew=frozenset(self._connected)))
        self.something.set()

    def disconnect_all(self) -> None:
        """Note that nobody is connected any more: the process ends."""
        for gateway in list(self._connected):
            self.disconnected(gateway)

    def _note(self, page: Page) -> None:
        if not page:
            return
        with self._lock:
            page.generation = self._generation
            self._page.add(page)
        self.something.set()


def _keep_newest(notes: dict[K, V]) -> None:
    for oldest in list(notes)[: max(0, len(notes) - _MOST_KEPT)]:
        del notes[oldest]


def _join_oldest(readings: dict[tuple[str, str, datetime], tuple[Reading, datetime]]) -> None:
    """Count calls of the oldest minutes with those of the next of the same Envoy, so that none is lost, until there are few enough."""
    while len(readings) > _MOST_READINGS:
        for place in sorted(readings, key=itemgetter(2)):
            if later := [other for other in readings if other[:2] == place[:2] and other[2] > place[2]]:
                following = min(later, key=itemgetter(2))
                reading, at = readings[following]
                readings[following] = (readings.pop(place)[0].followed_by(reading), at)
                break
        else:
            return  # each is of another Envoy


def _minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
