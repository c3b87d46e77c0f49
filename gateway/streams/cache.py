"""Where changes and streams meet: the resources as they should be, and everyone who is being sent them. One thread, the loop's. [pure]"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from gateway.compile import Resource
from gateway.streams.delta import FILL, Batch
from gateway.streams.stream import TYPES, Accepted, Applied, Key, Outcome, Peer, Refused, Request, Stream
from gateway.streams.wire import Encodings, encoded


class StandIn(Protocol):
    """What may stand in for a cluster that a gateway refuses; made only once it is needed."""

    @property
    def certificate_version(self) -> UUID:
        """The id of the certificate version that it presents."""

    @property
    def resource(self) -> Resource | None:
        """The cluster; ``None`` if it cannot be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What some lines of the activity log amount to; it goes out together.

    :ivar line: the newest line that it takes in
    :ivar touched: per line, the resources that the line concerns, changed or not
    :ivar left: the resources that only lack something which others have instead: they go out last
    :ivar fallbacks: what stands in for some of *resources* where a gateway refuses them, the best first
    :ivar complete: these are all resources there are; others are gone
    :ivar suspect: there is no API, and nothing tells why: a gateway that has some is not to lose them for it
    """

    line: int
    resources: tuple[Resource, ...] = ()
    removed: tuple[Key, ...] = ()
    touched: Mapping[int, frozenset[Key]] = field(default_factory=dict)
    left: frozenset[Key] = frozenset()
    fallbacks: Mapping[Key, tuple[StandIn, ...]] = field(default_factory=dict)
    complete: bool = False
    suspect: bool = False


class StatusSink(Protocol):
    """Who keeps what the cache learns; it must not make the cache wait."""

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

    def begin_anew(self) -> None:
        """Forget what became of changes: their numbers mean others by now."""


class NodeStream:
    """One stream of one gateway."""

    def __init__(
        self,
        cache: Cache,
        gateway: str,
        peer: Peer = Peer.ENVOY,
        *,
        certificate: str = "",
        fallbacks: Callable[[Key], Iterable[Resource]] | None = None,
    ) -> None:
        """Begin; the cache knows it from :meth:`Cache.join` on.

        :param certificate: the fingerprint of the certificate that the gateway has shown; empty: none
        :param fallbacks: what may stand in for a resource that it refuses, where that is not for the cache to say
        """
        self.gateway = gateway
        self.certificate = certificate
        self.stream: Stream[Resource] = Stream(cache.desired, now=time.monotonic(), fallbacks=fallbacks or cache.fallbacks_of, peer=peer)
        self._most_at_once = None if peer is Peer.AGENT else 1
        self.encode = cache.encodings.of if peer is Peer.AGENT else encoded
        self.wake = asyncio.Event()
        self.ended = asyncio.Event()
        self._cache = cache

    def receive(self, request: Request) -> None:
        """Take in a request of the gateway; what one says that we have hung up on is about changes that are over."""
        if self.ended.is_set():
            return
        self._cache.tell(self, self.stream.request(request))
        self.wake.set()

    def next_responses(self) -> list[tuple[str, Batch[Resource]]]:
        """Return what to send now as type URLs and contents; to an agent all there is, so that what belongs together stays together."""
        now = time.monotonic()
        return list(itertools.islice(iter(lambda: self.stream.next_response(now=now), None), self._most_at_once))


class Cache:
    """The resources as they should be, the streams of the nodes, and the news of them."""

    def __init__(self, news: StatusSink) -> None:
        """Begin with nothing; streams wait until the first update."""
        self.desired: dict[str, dict[str, Resource]] = {type_url: {} for type_url in TYPES}
        self._fallbacks: dict[Key, tuple[StandIn, ...]] = {}
        self.encodings = Encodings()  # of what many gateways get
        self.line = 0
        self.suspect = False
        self.ready = asyncio.Event()
        self._news = news
        self._node_streams: set[NodeStream] = set()
        # A gateway may hold two streams while it is being restarted; a change is live on it once it is on both.
        self._unsettled: dict[tuple[str, int], set[NodeStream]] = {}

    def node_streams_of(self, gateway: str) -> list[NodeStream]:
        """Return the streams of *gateway*."""
        return [node_stream for node_stream in self._node_streams if node_stream.gateway == gateway]

    @property
    def gateways(self) -> list[str]:
        """The gateways that hold a stream, by name."""
        return sorted({node_stream.gateway for node_stream in self._node_streams})

    def awaits(self, gateway: str, change: int) -> bool:
        """Return whether a stream of *gateway* has yet to settle *change*."""
        return (gateway, change) in self._unsettled

    def restore(self, key: Key, resource: Resource | None) -> None:
        """Take *resource* (``None``: there is none) for the desired one without sending it: it is what the gateway has."""
        type_url, name = key
        if resource is None:
            self.desired[type_url].pop(name, None)
        else:
            self.desired[type_url][name] = resource

    def fallbacks_of(self, key: Key) -> Iterator[Resource]:
        """Yield what may stand in for a resource that a gateway refuses, the best first."""
        return (fallback.resource for fallback in self._fallbacks.get(key, ()) if fallback.resource)

    def join(self, node_stream: NodeStream) -> None:
        """Send *node_stream* what changes from now on."""
        self._node_streams.add(node_stream)

    def leave(self, node_stream: NodeStream) -> None:
        """Forget *node_stream*; what it has not settled is settled when its gateway comes back."""
        self._node_streams.discard(node_stream)
        for key, node_streams in list(self._unsettled.items()):
            node_streams.discard(node_stream)
            if not node_streams:
                del self._unsettled[key]
        if not self.node_streams_of(node_stream.gateway):
            self._news.disconnected(node_stream.gateway)
        else:
            self._note_progress(node_stream.gateway)

    def end_streams(self, certificates: Collection[str] | None = None) -> None:
        """Hang up on the gateways that came with one of *certificates*, fingerprints; on all of them without."""
        for node_stream in self._node_streams:
            if certificates is None or node_stream.certificate in certificates:
                node_stream.ended.set()
                node_stream.wake.set()

    def apply(self, update: Update) -> None:
        """Make *update* the desired state and have it sent."""
        if update.complete:
            update = self._all_anew(update)
        self.suspect = update.suspect
        self.encodings.forget()
        for resource in update.resources:
            self.desired[resource.type_url][resource.name] = resource
            self._fallbacks.pop((resource.type_url, resource.name), None)
        for type_url, name in update.removed:
            self.desired[type_url].pop(name, None)
            self._fallbacks.pop((type_url, name), None)
        self._fallbacks.update(update.fallbacks)
        self.line = update.line
        now = time.monotonic()
        for node_stream in self._node_streams:
            for line, keys in update.touched.items():
                node_stream.stream.touch(line, keys, now=now, left=update.left)
                self._unsettled.setdefault((node_stream.gateway, line), set()).add(node_stream)
            node_stream.wake.set()
        for gateway in self.gateways:
            self._news.sent(gateway, update.touched)
        for node_stream in self._going_on():
            self.tell(node_stream, node_stream.stream.settled())
        for gateway in sorted({node_stream.gateway for node_stream in self._going_on()}):
            self._note_progress(gateway)
        self.ready.set()

    def _going_on(self) -> list[NodeStream]:
        return [node_stream for node_stream in self._node_streams if not node_stream.ended.is_set()]

    def _all_anew(self, update: Update) -> Update:
        """Return the complete *update* as a change of what there is.

        Gateways are hung up on; as they come back they say what they have, and only the difference is sent.
        """
        if self.ready.is_set():
            self.end_streams()
            self._unsettled.clear()
            self._news.begin_anew()
        before = {(type_url, name) for type_url, resources in self.desired.items() for name in resources}
        after = {(resource.type_url, resource.name) for resource in update.resources}
        return replace(update, removed=tuple(before - after), touched={}, complete=False)

    def tell(self, node_stream: NodeStream, outcomes: Iterable[Outcome]) -> None:
        """Pass on what has become of changes and resources at one stream."""
        settled = False
        for outcome in outcomes:
            match outcome:
                case Applied(change):
                    settled = True
                    self._applied(node_stream, change)
                case Refused():
                    self._news.refused(node_stream.gateway, outcome, self._presented(outcome))
                case Accepted(key):
                    self._news.accepted(node_stream.gateway, key)
        if settled:
            self._note_progress(node_stream.gateway)

    def _presented(self, refusal: Refused) -> UUID | None:
        """Return the certificate version of the fallback that stands in, if one does."""
        fallbacks = self._fallbacks.get(refusal.key, ()) if refusal.instead else ()
        return next((one.certificate_version for one in fallbacks if one.resource and one.resource.version == refusal.instead), None)

    def _note_progress(self, gateway: str) -> None:
        oldest = (node_stream.stream.oldest_open for node_stream in self.node_streams_of(gateway))
        open_changes = [change for change in oldest if change is not None]
        if FILL not in open_changes:
            self._news.up_to(gateway, min(open_changes, default=self.line + 1) - 1)

    def _applied(self, node_stream: NodeStream, change: int) -> None:
        if change == FILL:
            self._news.filled(node_stream.gateway, node_stream.stream.refused)
            return
        waiting = self._unsettled.get((node_stream.gateway, change), set())
        waiting.discard(node_stream)
        if not waiting:
            self._unsettled.pop((node_stream.gateway, change), None)
            self._news.applied(node_stream.gateway, change)
