"""The APIs that were compiled, and what is looked up of them: by segment, by certificate, by resource."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from apis.policy.model import AuthenticationCertificate, Backend, Policy, Sharing, Trust
from certificates.host_names import covers
from gateway.compile import segment_name, segment_of
from gateway.compile.resource import ROUTES, SCOPE
from gateway.streams.stream import Key


@dataclass(frozen=True, slots=True)
class Prepared:
    """One API, compiled.

    :ivar keys: of its cluster and secrets
    :ivar certificate: the id of the entry that it presents
    :ivar forwards: whether its calls go on; else they are refused, because it has no back end or cannot prove itself to it
    """

    policy: Policy
    keys: frozenset[Key]
    certificate: int | None
    forwards: bool

    @property
    def routed(self) -> Policy:
        """The part of the policy that routes depend on."""
        whole = self.policy.backend
        backend = Backend(
            scheme=whole.scheme,
            host=whole.host,
            port=whole.port,
            path=whole.path,
            protocol=whole.http,
            offers_http2=whole.offers_http2,
            trust=Trust(),
            sharing=Sharing(addresses=whole.addresses) if whole.sharing else None,
        )
        shown = AuthenticationCertificate(certificate_id="", thumbprint="") if self.policy.presents_certificate else None  # whichever
        inbound = tuple(rule for rule in (self.policy.cors, self.policy.caller_certificate, shown) if rule)
        return dataclasses.replace(self.policy, inbound=inbound, backend=backend)

    @property
    def segment(self) -> str:
        """The first segment of its path."""
        return segment_of(self.policy.path)


class Index:
    """What was compiled of APIs. Changed by one thread; :meth:`apis_of` is asked by any."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.apis: dict[int, Prepared] = {}
        self.segments: defaultdict[str, set[int]] = defaultdict(set)
        self.by_certificate: defaultdict[int, set[int]] = defaultdict(set)
        self.counting: set[int] = set()  # the APIs that count their calls by subscription
        self._asking: dict[int, tuple[str, ...]] = {}  # the APIs that want callers' certificates, and their host names (none: any)
        self._owners: dict[Key, int] = {}

    def apis_of(self, key: Key) -> Collection[int]:
        """Return the ids of the APIs that a resource serves."""
        type_url, name = key
        if type_url in {ROUTES, SCOPE}:
            return tuple(self.segments.get(name.removeprefix(segment_name("")), ()))
        return (owner,) if (owner := self._owners.get(key)) is not None else ()

    def place(self, pk: int, old: Prepared | None) -> None:
        """Bring the indices up to date with one API."""
        if old:
            self.segments[old.segment].discard(pk)
            if not self.segments[old.segment]:
                del self.segments[old.segment]
            self._asking.pop(pk, None)
            self.counting.discard(pk)
            if old.certificate:
                self.by_certificate[old.certificate].discard(pk)
            for key in old.keys:
                self._owners.pop(key, None)
        if new := self.apis.get(pk):
            self.segments[new.segment].add(pk)
            if new.policy.caller_certificate:
                self._asking[pk] = new.policy.hosts
            if new.policy.watched.by_subscription and new.policy.key_check.required:
                self.counting.add(pk)
            if new.certificate:
                self.by_certificate[new.certificate].add(pk)
            self._owners.update(dict.fromkeys(new.keys, pk))

    def asks(self, names: Collection[str]) -> bool:
        """Tell whether an API that may be called under one of these host *names* (none: any) wants callers' certificates."""
        return any(not hosts or not names or any(_meet(name, host) for name in names for host in hosts) for hosts in self._asking.values())

    def segments_of(self, apis: Collection[int]) -> frozenset[str]:
        """Return the segments of those of *apis* that there are."""
        return frozenset(self.apis[pk].segment for pk in apis if pk in self.apis)


def _meet(one: str, other: str) -> bool:
    """Tell whether there is a host that both names are for."""
    return covers(one, other) or covers(other, one)
