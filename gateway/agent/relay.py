"""What stands between control plane and Envoy: takes responses in, has them sent to Envoy, and answers once Envoy has. [pure]

The agent is to its Envoy what a control plane is: the same streams and cache, fed by a control plane's stream instead of a database. To
the control plane it is a gateway that wants everything. What Envoy has accepted is the *good* configuration; that alone is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from gateway.compile import GatewayListener, Resource, as_set, has_place_for
from gateway.compile.names import api_of_token_source
from gateway.compile.resource import CLUSTER, LISTENER, SECRET
from gateway.streams.cache import Cache, Update
from gateway.streams.delta import WILDCARD
from gateway.streams.stream import BARRIER, TYPES, Key, Refused, Request, words_for
from gateway.streams.wire import line_of, resources_of

GATEWAY = "gateway"  # what all streams of the one Envoy, and of the one that replaces it, are known by
_UNSETTLED = "unsettled"  # said to a new control plane as the version of what Envoy may or may not have, so that it is sent again
_OWN = -1  # the change that what is this gateway's own counts as
Answer = Callable[[Request], None]


@dataclass(frozen=True, slots=True)
class _Response:
    """One response that Envoy has not settled yet."""

    type_url: str
    nonce: str
    content: Mapping[Key, Resource | None]  # None: removed


class Relay:
    """The configuration on its way to one Envoy, and Envoy's answers on their way back. All in one thread, the loop's.

    :ivar ready: set once there is a configuration that an Envoy may be given: a control plane has sent all that was lacking, or somebody
        has decided that what was kept is good enough
        :ivar good: what Envoy has accepted, as it came from the control plane
    :ivar changed: set when *good* has changed; whoever keeps it clears it
    :ivar sources_changed: set when other sources of tokens have come; whoever keeps tokens clears it
    :ivar clusters_changed: set when a back end's cluster among them has; whoever counts clears it
    :ivar new_clusters: the names of those that have; whoever counts empties it
    """

    def __init__(self, listener: GatewayListener, good: Iterable[Resource] = (), *, all_here: Callable[[], bool] = lambda: True) -> None:
        """Begin.

        :param listener: what belongs to this gateway itself
        :param good: what was kept
        :param all_here: tells whether each Envoy that answers calls has a stream
        """
        self._all_here = all_here
        self.cache = Cache(self)
        self.ready, self.changed, self.clusters_changed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.sources_changed = asyncio.Event()
        self._listener = listener
        self.good: dict[Key, Resource] = {(one.type_url, one.name): one for one in good}
        self.new_clusters = {name for kind, name in self.good if kind == CLUSTER}
        self._newest: dict[Key, Resource | None] = dict(self.good)
        self._pending: dict[int, list[_Response]] = {}  # by the change that they belong to
        self._refused: dict[Key, Refused] = {}
        self._answer: Answer = lambda _request: None
        if self.token_sources():
            self.sources_changed.set()
        if self.good:
            self.cache.apply(Update(line=1, resources=tuple(self._own(one) for key, one in self.good.items() if self._has_place_for(key))))

    def begin(self, answer: Answer) -> None:
        """Begin with a new control plane: ask it for what has changed since Envoy had what it has.

        :param answer: takes what is said to the control plane, these first questions among it
        """
        unsettled = {key for responses in self._pending.values() for one in responses for key in one.content}
        versions = {key: one.version for key, one in self.good.items()} | dict.fromkeys(unsettled, _UNSETTLED)
        self._pending.clear()
        self._answer = answer
        for type_url in TYPES:
            initial = {name: version for (kind, name), version in versions.items() if kind == type_url}
            answer(Request(type_url=type_url, subscribe=(WILDCARD,), initial=initial))
        answer(Request(type_url=BARRIER, subscribe=(WILDCARD,)))

    def receive(self, message: DeltaDiscoveryResponse) -> None:
        """Take in a response of the control plane."""
        if message.type_url not in TYPES:
            self._answer(Request(type_url=message.type_url, nonce=message.nonce))
            if message.type_url == BARRIER:
                self.ready.set()
            return
        content: dict[Key, Resource | None] = {(message.type_url, name): None for name in message.removed_resources}
        content |= {(one.type_url, one.name): one for one in resources_of(message)}
        line = line_of(message)
        self._newest |= content
        if any(is_token_source(*key) for key in content):
            self.sources_changed.set()
        self._pending.setdefault(line, []).append(_Response(message.type_url, message.nonce, content))
        passed_on = {key: one for key, one in content.items() if self._has_place_for(key)}
        self.cache.apply(
            Update(
                line=line,
                resources=tuple(self._own(one) for one in passed_on.values() if one),
                removed=tuple(key for key, one in passed_on.items() if one is None),
                touched={line: frozenset(passed_on)},
            )
        )

    def forget(self) -> None:
        """Take everything away from Envoy: this gateway is no longer known to its control planes."""
        everything = frozenset((kind, name) for kind, resources in self.cache.desired.items() for name in resources)
        self._pending.clear()
        self._newest.clear()
        self.sources_changed.set()
        self.good.clear()
        self.cache.apply(Update(line=self.cache.line, removed=tuple(everything), touched={self.cache.line: everything}))
        self.ready.clear()
        self.changed.set()

    def token_sources(self) -> dict[str, Resource]:
        """Return where tokens come from, by the names of the resources that say so."""
        return {key[1]: one for key, one in self._newest.items() if one and is_token_source(*key)}

    def give(self, resources: Collection[Resource]) -> None:
        """Give Envoy what is this gateway's own; no control plane knows of it, so that nothing waits for it."""
        self._apply_own(Update(line=self.cache.line, resources=tuple(resources)), [(one.type_url, one.name) for one in resources])

    def withdraw(self, key: Key) -> None:
        """Take back what :meth:`give` has given."""
        self._apply_own(Update(line=self.cache.line, removed=(key,)), [key])

    def _apply_own(self, update: Update, keys: Collection[Key]) -> None:
        self.cache.apply(replace(update, touched={_OWN: frozenset(keys)}))

    def stand_ins(self, key: Key) -> Iterator[Resource]:
        """Yield what an Envoy gets in place of a resource that it refuses: what was good before, until the control plane decides."""
        good = self.good.get(key)
        if good and good != self._newest.get(key):
            yield self._own(good)

    def settle(self) -> None:
        """Answer for whatever each Envoy has settled; to be called, too, when one of two streams has ended, or an Envoy may have."""
        is_there = any(node_stream.stream.filled for node_stream in self.cache.node_streams_of(GATEWAY))
        if not (self._pending and is_there and self._all_here()):
            return
        for line in [line for line in self._pending if not self.cache.awaits(GATEWAY, line)]:
            for response in self._pending.pop(line):
                self._answer_for(response)

    def _has_place_for(self, key: Key) -> bool:
        return has_place_for(*key, self._listener) and not is_token_source(*key)

    def _own(self, resource: Resource) -> Resource:
        """Return *resource* as this gateway has it."""
        return as_set(resource, self._listener) if resource.type_url == LISTENER else resource

    def _answer_for(self, response: _Response) -> None:
        reasons: dict[str, str] = {}
        for key, resource in response.content.items():
            if self._newest.get(key) != resource:
                continue  # a later response has something newer, and will be answered for
            if resource and (refused := self._refused.get(key)) and refused.version == self._own(resource).version:
                reasons[key[1]] = refused.reason
                self._newest[key] = before = self.good.get(key)
                self.cache.restore(key, self._own(before) if before else None)
            else:
                self._accept(key, resource)
                if key[0] == CLUSTER:
                    self.new_clusters.add(key[1])
                    self.clusters_changed.set()
        error = words_for(reasons) if reasons else ""
        self._answer(Request(type_url=response.type_url, nonce=response.nonce, error=error))

    def _accept(self, key: Key, resource: Resource | None) -> None:
        if resource is None:
            self._newest.pop(key, None)
            self.good.pop(key, None)
        else:
            self.good[key] = resource
        self.changed.set()

    # What the cache tells of Envoy's streams.

    def applied(self, gateway: str, change: int) -> None:  # noqa: ARG002 - there is one gateway
        """Answer for *change*, all of which is settled."""
        self.settle()

    def filled(self, gateway: str, refused: Collection[Key]) -> None:  # noqa: ARG002
        """Answer for what came before there was an Envoy: the one that has newly come has it now."""
        self.settle()

    def refused(self, gateway: str, refusal: Refused, presents: UUID | None) -> None:  # noqa: ARG002
        """Note a refusal; the control plane is told once the change is settled."""
        self._refused[refusal.key] = refusal

    def accepted(self, gateway: str, key: Key) -> None:  # noqa: ARG002
        """Forget a refusal."""
        self._refused.pop(key, None)

    def disconnected(self, gateway: str) -> None:
        """Do nothing: what Envoy has not settled is settled when it comes back."""

    def begin_anew(self) -> None:
        """Do nothing: Envoy knows no numbers of changes."""

    def sent(self, gateway: str, changes: Collection[int]) -> None:
        """Let changes go out."""

    def up_to(self, gateway: str, change: int) -> None:
        """Do nothing: each response is answered for by itself."""


def is_token_source(type_url: str, name: str) -> bool:
    """Return whether a resource tells the agent where a token comes from; Envoy never gets it."""
    return type_url == SECRET and api_of_token_source(name) is not None
