"""Where changes and streams meet: the resources as they should be, and everyone who is being sent them. One thread, the loop's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from gateway.compile import Resource
from gateway.delta import FILL, Batch
from gateway.fallbacks import Fallback, Fallbacks
from gateway.stream import TYPES, Accepted, Applied, Key, Outcome, Refused, Request, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What some lines of the activity log amount to; it goes out together.

    :ivar line: the newest line that it takes in
    :ivar touched: per line, the resources that the line concerns, changed or not
    :ivar fallbacks: what stands in for some of *resources* where a gateway refuses them, the best first
    :ivar complete: these are all resources there are; others are gone
    """

    line: int
    resources: tuple[Resource, ...] = ()
    removed: tuple[Key, ...] = ()
    touched: Mapping[int, frozenset[Key]] = field(default_factory=dict)
    fallbacks: Fallbacks = field(default_factory=dict)
    complete: bool = False


class News(Protocol):
    """Who keeps what the hub learns; it must not make the hub wait."""

    def disconnected(self, gateway: str) -> None:
        """*gateway* holds no stream any more."""

    def sent(self, gateway: str, changes: Collection[int]) -> None:
        """Note that *changes* go out to *gateway*."""

    def applied(self, gateway: str, change: int) -> None:
        """*gateway* has settled everything that *change* touches."""

    def up_to(self, gateway: str, change: int) -> None:
        """*gateway* has settled *change* and all before it."""

    def filled(self, gateway: str, refused: Collection[Key]) -> None:
        """*gateway*, newly come, is up to date except for what it has *refused*."""

    def refused(self, gateway: str, refusal: Refused, presents: UUID | None) -> None:
        """*gateway* has refused a resource and goes on with the certificate version *presents*, if there is one."""

    def accepted(self, gateway: str, key: Key) -> None:
        """Note that *gateway* no longer refuses what it had refused."""


class Session:
    """One stream of one gateway."""

    def __init__(self, hub: Hub, gateway: str) -> None:
        """Begin; the hub knows it from :meth:`Hub.join` on."""
        self.gateway = gateway
        self.stream: Stream[Resource] = Stream(hub.desired, now=time.monotonic(), fallbacks=hub.fallbacks_of)
        self.wake = asyncio.Event()
        self.ended = asyncio.Event()
        self._hub = hub

    def receive(self, request: Request) -> None:
        """Take in a request of the gateway."""
        self._hub.tell(self, self.stream.request(request))
        self.wake.set()

    def next_response(self) -> tuple[str, Batch[Resource]] | None:
        """Return what to send now as type URL and content, ``None`` if there is nothing."""
        return self.stream.next_response(now=time.monotonic())


class Hub:
    """The resources as they should be, the sessions, and the news of them."""

    def __init__(self, news: News) -> None:
        """Begin with nothing; streams wait until the first update."""
        self.desired: dict[str, dict[str, Resource]] = {type_url: {} for type_url in TYPES}
        self._fallbacks: dict[Key, tuple[Fallback, ...]] = {}
        self.line = 0
        self.ready = asyncio.Event()
        self._news = news
        self._sessions: set[Session] = set()
        # A gateway may hold two streams while it is being restarted; a change is live on it once it is on both.
        self._unsettled: dict[tuple[str, int], set[Session]] = {}

    def sessions_of(self, gateway: str) -> list[Session]:
        """Return the streams of *gateway*."""
        return [session for session in self._sessions if session.gateway == gateway]

    @property
    def gateways(self) -> list[str]:
        """The gateways that hold a stream, by name."""
        return sorted({session.gateway for session in self._sessions})

    def fallbacks_of(self, key: Key) -> Iterator[Resource]:
        """Yield what may stand in for a resource that a gateway refuses, the best first."""
        return (fallback.resource for fallback in self._fallbacks.get(key, ()) if fallback.resource)

    def join(self, session: Session) -> None:
        """Send *session* what changes from now on."""
        self._sessions.add(session)

    def leave(self, session: Session) -> None:
        """Forget *session*; what it has not settled is settled when its gateway comes back."""
        self._sessions.discard(session)
        for key, sessions in list(self._unsettled.items()):
            sessions.discard(session)
            if not sessions:
                del self._unsettled[key]
        if not self.sessions_of(session.gateway):
            self._news.disconnected(session.gateway)

    def end_streams_of(self, gateways: Iterable[str]) -> None:
        """Hang up on *gateways*."""
        for gateway in gateways:
            for session in self.sessions_of(gateway):
                session.ended.set()
                session.wake.set()

    def apply(self, update: Update) -> None:
        """Make *update* the desired state and have it sent."""
        if update.complete:
            update = self._as_changes(update)
        for resource in update.resources:
            self.desired[resource.type_url][resource.name] = resource
            self._fallbacks.pop((resource.type_url, resource.name), None)
        for type_url, name in update.removed:
            self.desired[type_url].pop(name, None)
            self._fallbacks.pop((type_url, name), None)
        self._fallbacks.update(update.fallbacks)
        self.line = update.line
        now = time.monotonic()
        for session in self._sessions:
            for line, keys in update.touched.items():
                session.stream.touch(line, keys, now=now)
                self._unsettled.setdefault((session.gateway, line), set()).add(session)
            session.wake.set()
        for gateway in self.gateways:
            self._news.sent(gateway, update.touched)
        for session in list(self._sessions):
            self.tell(session, session.stream.settled())
        for gateway in self.gateways:
            self._note_progress(gateway)
        self.ready.set()

    def _as_changes(self, update: Update) -> Update:
        """Return the complete *update* as a change of what there is."""
        before = {(type_url, name) for type_url, resources in self.desired.items() for name in resources}
        after = {(resource.type_url, resource.name) for resource in update.resources}
        touched = {update.line: frozenset(before | after)} if before else {}
        return replace(update, removed=tuple(before - after), touched=touched, complete=False)

    def tell(self, session: Session, outcomes: Iterable[Outcome]) -> None:
        """Pass on what has become of changes and resources at one session."""
        settled = False
        for outcome in outcomes:
            match outcome:
                case Applied(change):
                    settled = True
                    self._applied(session, change)
                case Refused():
                    self._news.refused(session.gateway, outcome, self._presented(outcome))
                case Accepted(key):
                    self._news.accepted(session.gateway, key)
        if settled:
            self._note_progress(session.gateway)

    def _presented(self, refusal: Refused) -> UUID | None:
        """Return the certificate version of the fallback that stands in, if one does."""
        fallbacks = self._fallbacks.get(refusal.key, ()) if refusal.instead else ()
        return next((one.certificate_version for one in fallbacks if one.resource and one.resource.version == refusal.instead), None)

    def _note_progress(self, gateway: str) -> None:
        oldest = (session.stream.oldest_open for session in self.sessions_of(gateway))
        open_changes = [change for change in oldest if change is not None]
        if FILL not in open_changes:
            self._news.up_to(gateway, min(open_changes, default=self.line + 1) - 1)

    def _applied(self, session: Session, change: int) -> None:
        if change == FILL:
            self._news.filled(session.gateway, session.stream.refused)
            return
        waiting = self._unsettled.get((session.gateway, change), set())
        waiting.discard(session)
        if not waiting:
            self._unsettled.pop((session.gateway, change), None)
            self._news.applied(session.gateway, change)
