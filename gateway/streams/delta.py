"""One type of resource on one delta xDS stream: what the gateway wants, has, and is being sent. [pure]

The rules are those of Envoy's "xDS REST and gRPC protocol", incremental variants: a first request that names nothing subscribes
to everything; ``initial_resource_versions`` tell what a gateway that comes back still has; each response has a nonce, which the
gateway returns when it has applied the response (ACK) or refused it (NACK).

A *change* is a number; what a change touches stays open until the gateway has settled it, which is how the portal knows that a
change is live. Change 0 is what a gateway lacks when it comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

WILDCARD = "*"
FILL = 0  # the change that brings a newcomer up to date


class Versioned(Protocol):
    """A resource, as far as deciding whether to send it goes."""

    @property
    def version(self) -> str:
        """A digest of the content: equal content, equal version."""


R = TypeVar("R", bound=Versioned)


@dataclass(frozen=True, slots=True)
class Fallback(Generic[R]):
    """What a gateway gets in place of a resource that it has refused."""

    resource: R
    version: str  # that it has refused
    reason: str  # in Envoy's words


@dataclass(slots=True)
class Due(Generic[R]):
    """One resource that is to be sent, or that is to be asked for first."""

    changes: set[int]  # on whose account
    addition: bool  # else a removal
    fallback: Fallback[R] | None = None  # sent in place of the desired one


@dataclass(frozen=True, slots=True)
class Sent(Generic[R]):
    """One resource in a response that was not answered yet."""

    version: str | None  # None: removed
    changes: set[int]
    fallback: Fallback[R] | None = None


@dataclass(frozen=True, slots=True)
class Batch(Generic[R]):
    """What one response carries."""

    nonce: str
    resources: Mapping[str, R]
    removed: tuple[str, ...]


@dataclass(slots=True)
class TypeState(Generic[R]):
    """Subscriptions, versions and open changes of one type on one stream.

    :ivar desired: the resources of this type as they should be; shared with whoever changes it, only read here
    :ivar awaited: whether a change is open for a resource, too, that exists and that the gateway has yet to ask for
    """

    desired: Mapping[str, R]
    awaited: bool = False
    started: bool = False
    wildcard: bool = False
    names: set[str] = field(default_factory=set)
    due: dict[str, Due[R]] = field(default_factory=dict)
    in_flight: dict[str, dict[str, Sent[R]]] = field(default_factory=dict)  # by nonce
    open_changes: Counter[int] = field(default_factory=Counter)
    open_additions: Counter[int] = field(default_factory=Counter)
    _has: dict[str, str] = field(default_factory=dict)  # what the gateway has, or has refused, once it has read everything that was sent
    _unasked: dict[str, Due[R]] = field(default_factory=dict)
    _alone: set[str] = field(default_factory=set)  # one to a response: the gateway refused one of them and did not say which
    _owes_answer: bool = False

    def wants(self, name: str) -> bool:
        """Return whether the gateway has subscribed to *name*."""
        return self.wildcard or name in self.names

    def subscribe(self, names: Collection[str], gone: Collection[str] = (), initial: Mapping[str, str] | None = None) -> None:
        """Take in what a request asks for.

        :param names: ``resource_names_subscribe``
        :param gone: ``resource_names_unsubscribe``
        :param initial: ``initial_resource_versions``, which only the first request of a stream has
        """
        everything = WILDCARD in names or (not self.started and not names)
        if not self.started:
            self._has.update(initial or {})
        self.started = True
        self._unsubscribe(gone)
        if everything and not self.wildcard:
            self.wildcard = True
            self._compare([*self.desired, *(name for name in self._has if name not in self.desired)])
            self._owes_answer = not (self._has or self.due)  # a newcomer waits for an answer, even an empty one
        for name in names:
            if name == WILDCARD:
                continue
            if self.wants(name):  # asking again means: I no longer have it
                self._has.pop(name, None)
            self.names.add(name)
            self._compare([name])
            if name not in self.desired:
                self._put(name, {FILL})  # "there is none" is an answer, too; without it the gateway waits

    def _unsubscribe(self, gone: Collection[str]) -> None:
        if WILDCARD in gone:
            self.wildcard = False
        self.names.difference_update(gone)
        for name in gone:
            if not self.wants(name):
                self._has.pop(name, None)
                self._drop(self.due, name)

    def _compare(self, names: Iterable[str]) -> None:
        """Have sent what the gateway lacks of *names*; close what only waited for being asked for."""
        for name in names:
            awaiting = self._drop(self._unasked, name)
            wanted = self.desired.get(name)
            if (wanted.version if wanted else None) != self._has.get(name):
                self._put(name, {FILL} | awaiting)

    def touch(self, name: str, change: int) -> None:
        """Note that *change* concerns *name*, whose desired state stands by now."""
        exists = self.desired.get(name)
        if not self.wants(name):
            if exists and self.awaited:
                self._put(name, {change}, self._unasked)
            else:
                self._drop(self._unasked, name)
        elif name in self.due or (exists.version if exists else None) != self._has.get(name):
            self._put(name, {change})
        else:
            self._join_flight(name, change)

    def _join_flight(self, name: str, change: int) -> None:
        """Let *change* wait for a response that carries the desired state of *name* already, if there is one."""
        for responses in reversed(self.in_flight.values()):
            if sent := responses.get(name):
                if change not in sent.changes:
                    sent.changes.add(change)
                    self._count({change}, addition=sent.version is not None, by=1)
                return

    def _count(self, changes: Iterable[int], *, addition: bool, by: int) -> None:
        for counter in (self.open_changes, self.open_additions) if addition else (self.open_changes,):
            for change in changes:
                counter[change] += by
                if not counter[change]:
                    del counter[change]

    def _put(self, name: str, changes: set[int], where: dict[str, Due[R]] | None = None) -> None:
        where = self.due if where is None else where
        changes = changes | self._drop(where, name)
        where[name] = Due(changes, addition=name in self.desired)
        self._count(changes, addition=name in self.desired, by=1)

    def _drop(self, where: dict[str, Due[R]], name: str) -> set[int]:
        """Remove *name* from *where*, close its changes and return them."""
        if (due := where.pop(name, None)) is None:
            return set()
        self._count(due.changes, addition=due.addition, by=-1)
        return due.changes

    def give_up(self, changes: Collection[int]) -> None:
        """Wait no longer for being asked on account of *changes*: the gateway has settled what would have made it ask."""
        for name, due in list(self._unasked.items()):
            self._drop(self._unasked, name)
            if left := due.changes.difference(changes):
                self._put(name, left, self._unasked)

    def withdraw(self, name: str) -> None:
        """Have *name* removed from the gateway although it should exist: the gateway has refused its newest version."""
        if name not in self.due:
            self.due[name] = Due(set(), addition=False)

    def fall_back(self, name: str, fallback: Fallback[R], changes: set[int]) -> None:
        """Have *fallback* sent on account of *changes*, unless something newer is due already, which they then wait for."""
        newer = name in self.due
        self._put(name, changes)
        if not newer:
            self.due[name].fallback = fallback

    def next_batch(self, nonce: str, *, may_go: Callable[[Due[R]], bool], most: int) -> Batch[R] | None:
        """Return what to send now, or ``None``.

        :param nonce: the response's nonce
        :param may_go: whether the order of types lets this one out by now
        :param most: resources in one response
        """
        chosen = self._choose(may_go, most)
        if not chosen and not self._owes_answer:
            return None
        self._owes_answer = False
        resources: dict[str, R] = {}
        sent: dict[str, Sent[R]] = {}
        for name in chosen:
            due = self.due.pop(name)
            if due.addition and due.fallback:
                resources[name] = due.fallback.resource
            elif due.addition:
                resources[name] = self.desired[name]
                self._has[name] = resources[name].version
            elif name not in self.desired:
                self._has.pop(name, None)
            sent[name] = Sent(resources[name].version if due.addition else None, due.changes, due.fallback)
        self._alone.difference_update(chosen)
        self.in_flight[nonce] = sent
        return Batch(nonce, resources, tuple(name for name in chosen if name not in resources))

    def _choose(self, may_go: Callable[[Due[R]], bool], most: int) -> list[str]:
        chosen: list[str] = []
        for name, due in self.due.items():
            if len(chosen) >= most:
                break
            if not may_go(due):
                continue
            if name in self._alone:
                return chosen or [name]
            chosen.append(name)
        return chosen

    def answered(self, nonce: str) -> dict[str, Sent[R]]:
        """Settle the response *nonce* and return what it carried; an unknown nonce carried nothing."""
        settled = self.in_flight.pop(nonce, {})
        for sent in settled.values():
            self._count(sent.changes, addition=sent.version is not None, by=-1)
        return settled

    def send_alone(self, sent: Mapping[str, Sent[R]]) -> None:
        """Send the resources of a refused response again, one by one, to find the one that is to blame."""
        self._alone.update(self.send_again(sent))

    def send_again(self, sent: Mapping[str, Sent[R]]) -> list[str]:
        """Send resources of a refused response again, and return which: those that should still be there."""
        again = [name for name, one in sent.items() if one.version is not None and name in self.desired and self.wants(name)]
        for name in again:
            if (one := sent[name]).fallback:
                self.fall_back(name, one.fallback, set(one.changes))
            else:
                self._put(name, set(one.changes))
        return again
