"""One gateway's stream: the types in their order, make before break, and what has become of each change. [pure]

Order: a cluster is there before a route calls it (additions: CDS, after its ACK scopes and routes) and goes after the last route
that called it (removals: scopes and routes, after their ACK CDS). What an API has left goes after the ACK of where it is now. Keys
(ECDS) and secrets (SDS) depend on nothing. Clusters changed together go out together; routes, scopes and keys one to a response,
because Envoy refuses those responses as a whole.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic

from gateway.compile.resource import CLUSTER, FILTER, LISTENER, ROUTES, SCOPE, SECRET
from gateway.streams.delta import FILL, Batch, Due, Fallback, R, Sent, TypeState

TYPES = (CLUSTER, SECRET, LISTENER, SCOPE, ROUTES, FILTER)
# A type of which there is never anything: who asks for it last is answered once all it lacked of the others has been sent.
BARRIER = "type.googleapis.com/portal.Barrier"
_ASKED_FOR_BY = {CLUSTER: SECRET, SCOPE: ROUTES}  # having read the one, a gateway asks for the other by name

# Seconds one step of a change waits for the step before it; a back end whose name resolves slowly can hold up a CDS ACK that long.
PATIENCE = 2.0
FILL_PATIENCE = 30.0  # the same for a newcomer, who may lack thousands
_MOST_AT_ONCE = 10_000  # resources in one response
_MOST_TO_AGENT = 250  # a megabyte of routes: what waits for a gateway that reads slowly lies in the control plane's memory
_MOST_AT_FIRST = 50  # routes in one response to an Envoy that starts; if it refuses one of them, all are sent again one by one
_CUT_OFF = "...(truncated)"  # Envoy's end of an error with more than 4,096 bytes (source/common/config/utility.cc)
Key = tuple[str, str]  # type URL and name


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the gateway says: subscriptions, or the answer to a response, or both."""

    type_url: str
    subscribe: Collection[str] = ()
    unsubscribe: Collection[str] = ()
    initial: Mapping[str, str] = field(default_factory=dict)
    nonce: str = ""
    error: str = ""  # not empty: the response was refused


@dataclass(frozen=True, slots=True)
class Applied:
    """The gateway has settled everything that a change touches (0: everything it lacked when it came)."""

    change: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway has refused a resource, and what was to be done about it has been done."""

    key: Key
    version: str
    reason: str  # Envoy's words
    changes: frozenset[int]
    instead: str = ""  # the version of the fallback that it has accepted in its place; empty: it has none


@dataclass(frozen=True, slots=True)
class Accepted:
    """A resource that was refused is no longer: a later version of it was applied, or it is gone."""

    key: Key


Outcome = Applied | Refused | Accepted


class Peer(enum.Enum):
    """Who is at the other end of a stream."""

    ENVOY = "Envoy"
    ENVOY_OF_AGENT = "Envoy of an agent"  # what is done about a refusal is decided by the control plane, which the agent tells
    AGENT = "agent"  # has its Envoy keep the order, so it is sent everything at once


class Stream(Generic[R]):
    """What one gateway has, wants and is being sent, over all types."""

    def __init__(
        self,
        desired: Mapping[str, Mapping[str, R]],
        *,
        now: float,
        fallbacks: Callable[[Key], Iterable[R]] = lambda _key: (),
        peer: Peer = Peer.ENVOY,
    ) -> None:
        """Begin with a gateway that has asked for nothing yet.

        :param desired: by type URL and name, the resources as they should be; shared with whoever changes them, only read here
        :param now: a monotonic clock, in seconds
        :param fallbacks: tells what may stand in for a resource that the gateway refuses, the best first
        :param peer: who is at the other end
        """
        self._desired = desired
        self._fallbacks = fallbacks
        self._peer = peer
        self._types = {type_url: TypeState(desired[type_url], awaited=type_url in _ASKED_FOR_BY.values()) for type_url in TYPES}
        self._opened_at = {FILL: now}
        self._left: dict[int, frozenset[Key]] = {}  # by change, what goes out once the rest of it has been settled
        self._refused: set[Key] = set()
        self._filled = False
        self._nonce = 0

    @property
    def filled(self) -> bool:
        """Whether the gateway has settled everything it lacked when it came."""
        return self._filled

    @property
    def refused(self) -> frozenset[Key]:
        """What the gateway refuses by now."""
        return frozenset(self._refused)

    @property
    def waiting(self) -> bool:
        """Whether something waits for an answer before it may go out."""
        return bool(self._left) or any(state.due for state in self._types.values())

    @property
    def oldest_open(self) -> int | None:
        """The oldest change that is not live yet, ``None`` if all are."""
        return min(self._opened_at, default=None)

    def touch(self, change: int, keys: Collection[Key], *, now: float, left: Collection[Key] = ()) -> None:
        """Note *change*: the resources *keys* are by now as they should be.

        :param left: those of them that only lack something which others have instead
        """
        self._opened_at[change] = now
        parting = frozenset(left).intersection(keys)
        self._touch(change, (key for key in keys if key not in parting))
        if parting:
            self._left[change] = parting
            self._let_go(now)

    def _let_go(self, now: float | None = None) -> None:
        """Send what APIs have left, once the gateway has where they are now; with *now*, it may also have taken too long."""
        for change, keys in list(self._left.items()):
            arriving = any(change in self._types[one].open_additions for one in (SCOPE, ROUTES))
            if not arriving or (now is not None and not self.patient(change, now)):
                del self._left[change]
                self._touch(change, keys)

    def _touch(self, change: int, keys: Iterable[Key]) -> None:
        for type_url, name in keys:
            state = self._types[type_url]
            if state.started or state.awaited:
                state.touch(name, change)

    def request(self, request: Request) -> list[Outcome]:
        """Take in a request and return what it settles."""
        state = self._types.get(request.type_url)
        if state is None:  # a type of which there is nothing; still answered, so that the gateway does not wait for it
            state = self._types[request.type_url] = TypeState(self._desired.get(request.type_url, {}))
        outcomes = self._answered(request, state) if request.nonce else []
        if request.subscribe or request.unsubscribe or not state.started:
            if not state.started and (next_type := _ASKED_FOR_BY.get(request.type_url)):
                for name in self._desired[next_type]:
                    self._types[next_type].touch(name, FILL)
            state.subscribe(request.subscribe, request.unsubscribe, request.initial)
        self._let_go()
        return [*outcomes, *self.settled()]

    def settled(self) -> list[Outcome]:
        """Return the changes that have become live since it was asked last, oldest first."""
        if not self._filled:
            core = (CLUSTER, LISTENER, SCOPE)
            self._filled = all(self._types[one].started for one in core) and not self._is_open(FILL)
            if not self._filled:
                return []
        live = [change for change in self._opened_at if not self._is_open(change)]
        for change in live:
            del self._opened_at[change]
        return [Applied(change) for change in sorted(live)]

    def _is_open(self, change: int) -> bool:
        return change in self._left or any(change in state.open_changes for state in self._types.values())

    def next_response(self, *, now: float) -> tuple[str, Batch[R]] | None:
        """Return the next response to send as type URL and content, ``None`` if there is nothing to send by now."""
        self._let_go(now)
        for type_url, state in self._types.items():
            if not state.started:
                continue
            batch = state.next_batch(str(self._nonce + 1), may_go=self._gate(type_url, now), most=self._most(type_url, state))
            if batch:
                self._nonce += 1
                return type_url, batch
        return None

    def _most(self, type_url: str, state: TypeState[R]) -> int:
        """Return how many resources a response may carry."""
        if self._peer is Peer.AGENT:
            return _MOST_TO_AGENT
        if type_url == CLUSTER:
            return _MOST_AT_ONCE
        if type_url == SCOPE and not state.in_flight and not self._filled:
            return len(state.due)  # at first all at once: the listener is ready when the scopes of one response are
        if type_url == ROUTES and self._peer is Peer.ENVOY_OF_AGENT and not self._filled:
            return _MOST_AT_FIRST
        return 1

    def _gate(self, type_url: str, now: float) -> _Gate[R]:
        clusters = self._types[CLUSTER]
        match type_url:
            case _ if self._peer is Peer.AGENT:
                return _Gate(self, now, additions=(), removals=())
            case t if t == CLUSTER:
                return _Gate(self, now, additions=(), removals=(self._types[SCOPE], self._types[ROUTES]))
            case t if t in {LISTENER, SCOPE, ROUTES}:
                return _Gate(self, now, additions=(clusters,), removals=())
            case _:
                return _Gate(self, now, additions=(), removals=())

    def patient(self, change: int, now: float) -> bool:
        """Return whether *change* is recent enough to let one of its steps wait for another."""
        return now - self._opened_at.get(change, now) < (PATIENCE if change else FILL_PATIENCE)

    @property
    def has_asked_for_routes(self) -> bool:
        """Whether the gateway has come so far as to ask for scopes, and so for routes."""
        return self._types[SCOPE].started

    def _answered(self, request: Request, state: TypeState[R]) -> list[Outcome]:
        sent = state.answered(request.nonce)
        if next_type := _ASKED_FOR_BY.get(request.type_url):  # it has asked before it answers
            self._types[next_type].give_up({change for one in sent.values() for change in one.changes})
        if not request.error:
            return self._accepted(request.type_url, sent)
        reasons = blame(request.error, [name for name, one in sent.items() if one.version is not None])
        if not reasons and len(sent) > 1:
            state.send_alone(sent)
            return []
        if not reasons:
            reasons = dict.fromkeys(sent, request.error)
        others = {name: one for name, one in sent.items() if name not in reasons}
        if request.error.endswith(_CUT_OFF):  # some of the others may have been refused, too
            for name in state.send_again(others):
                del others[name]
        outcomes = self._accepted(request.type_url, others)
        for name, reason in reasons.items():
            outcomes += self._refuse((request.type_url, name), sent[name], reason)
        return outcomes

    def _refuse(self, key: Key, sent: Sent[R], reason: str) -> list[Outcome]:
        """Have the next fallback sent; where there is none (any more), say that the resource is refused, and withdraw a cluster."""
        type_url, name = key
        version = sent.version or ""
        refused, reason = (sent.fallback.version, sent.fallback.reason) if sent.fallback else (version, reason)
        self._refused.add(key)
        if resource := self._fallback_after(version if sent.fallback else "", key):
            self._types[type_url].fall_back(name, Fallback(resource, refused, reason), set(sent.changes))
            return []
        if type_url == CLUSTER and self._peer is not Peer.ENVOY_OF_AGENT:
            self._types[type_url].withdraw(name)  # closed rather than open with the identity it had before
        return [Refused(key, refused, reason, frozenset(sent.changes))]

    def _fallback_after(self, version: str, key: Key) -> R | None:
        """Return the fallback that is tried after the one of this *version*, or the first."""
        fallbacks = iter(self._fallbacks(key))
        if version:
            next((one for one in fallbacks if one.version == version), None)
        return next(fallbacks, None)

    def _accepted(self, type_url: str, sent: Mapping[str, Sent[R]]) -> list[Outcome]:
        if not self._refused:
            return []
        outcomes: list[Outcome] = []
        for name, one in sent.items():
            key, desired = (type_url, name), self._desired[type_url].get(name)
            if key not in self._refused or (one.version is None and desired):
                continue
            if one.fallback and desired and desired.version != one.version:
                changes = frozenset(one.changes)
                outcomes.append(Refused(key, one.fallback.version, one.fallback.reason, changes, instead=one.version or ""))
            else:
                self._refused.discard(key)
                outcomes.append(Accepted(key))
        return outcomes


@dataclass(frozen=True, slots=True)
class _Gate(Generic[R]):
    """Lets a resource out once the types that go before it have settled the same changes."""

    stream: Stream[R]
    now: float
    additions: tuple[TypeState[R], ...]  # whose additions go before an addition
    removals: tuple[TypeState[R], ...]  # whose changes go before a removal

    def __call__(self, due: Due[R]) -> bool:
        if due.addition:
            blocked = {c for c in due.changes for state in self.additions if c in state.open_additions}
        else:
            blocked = {c for c in due.changes for state in self.removals if c in state.open_changes}
            if self.removals and not self.stream.has_asked_for_routes:
                blocked |= due.changes & {FILL}
        return not any(self.stream.patient(change, self.now) for change in blocked)


def blame(error: str, names: Collection[str]) -> dict[str, str]:
    """Return which of *names* Envoy refused, each with the reason, as its message tells; empty if it names none.

    Envoy writes "Error adding/updating cluster(s) first: reason, second: reason"; reasons may hold commas and colons.
    An error that is cut off does not name all of them. An agent names them always (:func:`words_for`).
    """
    if not (start := re.match(r"Error adding/updating (?:cluster|listener|resource)\(s\) ", error)):
        return {}
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    found = list(re.finditer(rf"(?:^|, )({known}): ", error[start.end() :])) if known else []
    ends = [*(match.start() for match in found[1:]), None]
    if error.endswith(_CUT_OFF) and len(found) > 1:  # of the last one not the whole reason is there; it is sent again with the rest
        del found[-1], ends[-1]
    return {match[1]: error[start.end() :][match.end() : end] for match, end in zip(found, ends, strict=True)}


def words_for(reasons: Mapping[str, str]) -> str:
    """Return what an agent says of the resources that its Envoy has refused, with the reason of each; :func:`blame` reads it."""
    whole = {name: reason.removesuffix(_CUT_OFF) for name, reason in reasons.items()}
    return "Error adding/updating resource(s) " + ", ".join(f"{name}: {reason}" for name, reason in whole.items())
