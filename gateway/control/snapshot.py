"""From rows to resources: everything once, then only what a line of the activity log names."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import queue
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from apis.calls import MOST_COUNTED_KEYS
from apis.models import Api
from apis.policies.surroundings import Surroundings, named_by, surroundings
from apis.policy import UnreadablePolicy
from apis.policy.model import Backend, KeyCheck, OperationPattern, Policy, Protocol, Sharing, Trust
from certificates.host_names import covers
from certificates.identity import Identity
from certificates.sealing import SealingError
from gateway.compile import (
    GatewayListener,
    KeysOfApis,
    Resource,
    compile_cluster,
    compile_listener,
    compile_refusal,
    compile_segment,
    compile_status,
    segment_name,
    segment_of,
)
from gateway.compile.resource import CLUSTER, ROUTES, SCOPE
from gateway.control import keys, server_certificates
from gateway.control.alpn import BackEnd, Handshakes
from gateway.control.fallbacks import Earlier, Fallback, Fallbacks, earlier_versions, fallbacks_of
from gateway.control.server_certificates import ServerCertificates
from gateway.control.status_queue import StatusQueue
from gateway.streams.cache import Update
from gateway.streams.stream import Key
from portal.models import Activity, Event

log = logging.getLogger(__name__)

_CHUNK = 500
_NO_BACKEND = "This API has no back end yet: its Web service URL is not set."
_REFUSAL = "The gateway cannot prove itself to this API's back end; the portal says why."
T = TypeVar("T")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One API, compiled."""

    policy: Policy
    keys: frozenset[Key]  # of its cluster and secrets
    certificate: int | None

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
        inbound = tuple(rule for rule in (self.policy.cors, self.policy.caller_certificate) if rule)
        return dataclasses.replace(self.policy, inbound=inbound, backend=backend)

    @property
    def segment(self) -> str:
        """The first segment of its path."""
        return segment_of(self.policy.path)


class Snapshot:
    """What the rows amount to. Used by one thread; :meth:`apis_of` by any."""

    def __init__(self, listener: GatewayListener, statuses: StatusQueue, handshakes: Handshakes) -> None:
        """Begin with nothing; :meth:`load` reads everything."""
        self._listener = listener
        self._statuses = statuses
        self._handshakes = handshakes
        self._seen_http2: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._forget()

    def _forget(self) -> None:
        self.line = 0
        self._apis: dict[int, _Prepared] = {}
        self._segments: defaultdict[str, set[int]] = defaultdict(set)
        self._by_certificate: defaultdict[int, set[int]] = defaultdict(set)
        self._asking: dict[int, tuple[str, ...]] = {}  # the APIs that want callers' certificates, and their host names (none: any)
        self._counting: set[int] = set()  # the APIs that count their calls by subscription
        self._owners: dict[Key, int] = {}
        self._problems: set[int] = set()
        self._keys = keys.Keys()
        self._server_certificates = ServerCertificates()

    def apis_of(self, key: Key) -> Collection[int]:
        """Return the ids of the APIs that a resource serves."""
        type_url, name = key
        if type_url in {ROUTES, SCOPE}:
            return tuple(self._segments.get(name.removeprefix(segment_name("")), ()))
        return (owner,) if (owner := self._owners.get(key)) is not None else ()

    @property
    def is_bare(self) -> bool:
        """Whether there is no API."""
        return not self._apis

    def load(self, line: int) -> Update:
        """Compile everything there is.

        :param line: the newest line of the log, read before: what changes meanwhile is read again
        :raises django.db.DatabaseError: if the database is away
        """
        self._forget()
        resources: list[Resource] = []
        fallbacks: dict[Key, tuple[Fallback, ...]] = {}
        around = surroundings(at_once=True)
        for rows in _chunks(_rows().iterator(chunk_size=_CHUNK)):
            for api, compiled, instead in self._compile(rows, earlier_versions(rows), around):
                resources += compiled
                fallbacks |= instead
                self._place(api.pk, None)
        self._keys.load()
        resources += self._keys.all()
        for segment in sorted(self._segments):
            resources += self._compile_segment(segment)
        resources += compile_listener(self._listener)
        self._server_certificates.take(server_certificates.rows())
        resources += self._server_certificates.compile(self._asks)[0]
        resources += compile_status()
        self.line = line
        return Update(line=max(line, 1), resources=tuple(resources), fallbacks=fallbacks, complete=True)

    def follow(self, lines: Sequence[Activity]) -> Update:
        """Compile what *lines*, the next of the activity log, name.

        :raises django.db.DatabaseError: if the database is away; the same lines can be followed again
        """
        trusting = _apis_that_trust(lines)
        apis = {api for line in lines for api in self._apis_named_by(line)}.union(*trusting.values())
        subscriptions_by_line = {line.id: self._subscriptions_named_by(line) for line in lines}
        subscriptions = {subscription for named in subscriptions_by_line.values() for subscription in named}
        api_rows, subscription_rows = _fetch(_rows(), apis), _fetch(keys.rows(), subscriptions)
        servers = server_certificates.named_by(lines)
        server_lines = {line.id for line in lines if line.kind == server_certificates.KIND}
        server_rows = _fetch(server_certificates.rows(), servers)
        earlier = {key: found for rows in _chunks(iter(api_rows)) for key, found in earlier_versions(rows).items()}
        around = surroundings(at_once=True) if apis else Surroundings()
        # From here on nothing is read, so that nothing is left half done when the database goes away.
        opened = {line: self._keys.opened_by(named, self._counting) for line, named in subscriptions_by_line.items()}
        shards = self._keys.replace(subscriptions, subscription_rows)
        opened = {line: opened[line] | self._keys.opened_by(named, self._counting) for line, named in subscriptions_by_line.items()}
        changed = self._replace_apis(apis, api_rows, earlier, around, self._segments_of(frozenset().union(*opened.values())))
        self._server_certificates.take(server_rows, named=servers)
        edge, gone = self._server_certificates.compile(self._asks)
        edge_keys = frozenset((one.type_url, one.name) for one in edge) | frozenset(gone)
        resources = [*changed.resources, *self._keys.compile(frozenset().union(*shards.values())), *edge]
        changed.removed.update(gone)
        touched = {
            line.id: frozenset(
                # By now also the APIs that an earlier one of these lines has bound to the certificate.
                {key for api in self._apis_named_by(line) | trusting.get(line.id, frozenset()) for key in changed.touched[api]}
                | {key for subscription in subscriptions_by_line[line.id] for key in keys.resources_of(shards[subscription])}
                | {key for segment in self._segments_of(opened[line.id]) for key in _keys_of(segment)}
                | edge_keys
                | (self._server_certificates.resources if line.id in server_lines else frozenset())
            )
            for line in lines
        }
        self.line = lines[-1].id
        touched = {line: keys for line, keys in touched.items() if keys}
        return Update(
            line=self.line,
            resources=tuple(resources),
            removed=tuple(changed.removed),
            touched=touched,
            left=changed.left,
            fallbacks=changed.fallbacks,
        )

    def speaks_http2(self, api: int) -> None:
        """Take in that a gateway has seen the back end of an API speak HTTP/2. May be called by any thread."""
        self._seen_http2.put(api)

    def learn(self) -> Update | None:
        """Compile again what goes by how back ends have answered handshakes of late; ``None`` if nothing does."""
        with contextlib.suppress(queue.Empty):
            while True:
                if one := self._apis.get(self._seen_http2.get_nowait()):
                    self._handshakes.told(_back_end(one.policy))
        if not (news := self._handshakes.news()):
            return None
        self._handshakes.keep({_back_end(one.policy) for one in self._apis.values() if one.policy.backend.http is Protocol.AUTO})
        stale = set()
        for pk, old in self._apis.items():
            if _back_end(old.policy) in news:
                self._apis[pk] = dataclasses.replace(old, policy=self._as_seen(old.policy))
                stale.add(old.segment)
        resources = tuple(one for segment in sorted(stale) for one in self._compile_segment(segment))
        # Only what a change touches is sent: it counts as part of the last one.
        touched = {self.line: frozenset((one.type_url, one.name) for one in resources)}
        return Update(line=self.line, resources=resources, touched=touched)

    def _as_seen(self, policy: Policy) -> Policy:
        """Return *policy* with what its back end has chosen in a handshake."""
        backend = policy.backend
        if backend.http is not Protocol.AUTO:
            return policy
        http2 = self._handshakes.chooses_http2(_back_end(policy))
        return dataclasses.replace(policy, backend=dataclasses.replace(backend, offers_http2=http2))

    def _apis_named_by(self, line: Activity) -> frozenset[int]:
        """Return the APIs that *line* concerns, by id: its subject, or those that present the certificate that is its subject."""
        match line.kind:
            case "api":
                return frozenset({int(line.subject_id)})
            case "policy":
                return frozenset(self._apis)
            case "named-value":
                return frozenset(pk for pk, one in self._apis.items() if line.details.get("reference") in one.policy.named_values)
            case "certificate":
                return frozenset(self._by_certificate.get(int(line.subject_id), ()))
            case _:
                return frozenset()

    def _subscriptions_named_by(self, line: Activity) -> frozenset[int]:
        """Return the subscriptions that *line* concerns, by id; those of a deleted API have gone with it."""
        if line.kind == "subscription":
            return frozenset({int(line.subject_id)})
        return self._keys.of_api(int(line.subject_id)) if line.event == Event.API_DELETED else frozenset()

    def _replace_apis(
        self, apis: Collection[int], rows: Sequence[Api], earlier: Earlier, around: Surroundings, also: Collection[str]
    ) -> _Changed:
        """Compile *rows*, all that is left of *apis*, and, where it matters, their segments; and the segments *also*."""
        changed = _Changed({}, [], set(), {})
        before = {pk: self._apis.pop(pk, None) for pk in apis}
        for _, compiled, fallbacks in self._compile(rows, earlier, around):
            changed.resources.extend(compiled)
            changed.fallbacks.update(fallbacks)
        stale = set(also)
        for pk, old in before.items():
            new = self._apis.get(pk)
            self._place(pk, old)
            segments = {one.segment for one in (old, new) if one}
            if not (old and new) or old.routed != new.routed:
                stale |= segments
            own = {key for one in (old, new) if one for key in one.keys}
            changed.touched[pk] = own | {key for segment in segments for key in _keys_of(segment)}
            changed.removed.update(own - (new.keys if new else frozenset()))
        for segment in sorted(stale):
            compiled_segment = self._compile_segment(segment)
            changed.resources.extend(compiled_segment)
            if not compiled_segment:
                changed.removed.update(_keys_of(segment))
        return dataclasses.replace(changed, left=self._left_behind(before))

    def _left_behind(self, before: Mapping[int, _Prepared | None]) -> frozenset[Key]:
        """Return the routes and scopes of segments that APIs have moved out of, and none into."""
        segments = [(old.segment if old else None, one.segment) for pk, old in before.items() if (one := self._apis.get(pk))]
        moves = [(here, there) for here, there in segments if here != there]
        came = {there for _, there in moves}
        return frozenset(key for here, _ in moves if here is not None and here not in came for key in _keys_of(here))

    def _compile(
        self, rows: Iterable[Api], earlier: Earlier, around: Surroundings
    ) -> Iterator[tuple[Api, tuple[Resource, ...], Fallbacks]]:
        """Prepare *rows*, and what may stand in. What cannot be compiled, refuses its calls and says why; the others go on."""
        identities: dict[object, Identity] = {}
        for api in rows:
            problem = ""
            fallbacks: tuple[Fallback, ...] = ()
            try:
                policy = self._as_seen(api.policy(around))
                if api.has_backend:
                    compiled = compile_cluster(policy, _identity(api, identities))
                    fallbacks = fallbacks_of(api, policy, earlier)
                else:
                    compiled = compile_refusal(policy, _NO_BACKEND)
            except (SealingError, UnreadablePolicy, ValueError, LookupError) as error:
                problem = str(error)
                log.warning("The API %s refuses its calls: %s", api.name, problem)
                policy = _closed_policy(api, around)
                compiled = compile_refusal(policy, _REFUSAL)
            if problem or api.pk in self._problems:
                self._statuses.problem(api.pk, problem or None)
                (self._problems.add if problem else self._problems.discard)(api.pk)
            keys = frozenset((one.type_url, one.name) for one in compiled)
            self._apis[api.pk] = _Prepared(policy, keys, api.certificate_id)
            yield api, compiled, {(CLUSTER, compiled[-1].name): fallbacks} if fallbacks else {}

    def _place(self, pk: int, old: _Prepared | None) -> None:
        """Bring the indices up to date with one API."""
        if old:
            self._segments[old.segment].discard(pk)
            if not self._segments[old.segment]:
                del self._segments[old.segment]
            self._asking.pop(pk, None)
            self._counting.discard(pk)
            if old.certificate:
                self._by_certificate[old.certificate].discard(pk)
            for key in old.keys:
                self._owners.pop(key, None)
        if new := self._apis.get(pk):
            self._segments[new.segment].add(pk)
            if new.policy.caller_certificate:
                self._asking[pk] = new.policy.hosts
            if new.policy.watched.by_subscription and new.policy.key_check.required:
                self._counting.add(pk)
            if new.certificate:
                self._by_certificate[new.certificate].add(pk)
            self._owners.update(dict.fromkeys(new.keys, pk))

    def _asks(self, names: Collection[str]) -> bool:
        """Tell whether an API that may be called under one of these host *names* (none: any) wants callers' certificates."""
        return any(not hosts or not names or any(_meet(name, host) for name in names for host in hosts) for hosts in self._asking.values())

    def _compile_segment(self, segment: str) -> tuple[Resource, ...]:
        apis = self._segments.get(segment, set())
        return compile_segment(segment, [self._apis[pk].policy for pk in apis], self._keys_of_counting(apis))

    def _keys_of_counting(self, apis: Collection[int]) -> KeysOfApis:
        """Return what opens those of *apis* that count by it, unless that is too much to be told apart."""
        opening = {pk: self._keys.opening(pk) for pk in apis if pk in self._counting}
        return {pk: keys for pk, keys in opening.items() if len(keys) <= MOST_COUNTED_KEYS}

    def _segments_of(self, apis: Collection[int]) -> frozenset[str]:
        return frozenset(self._apis[pk].segment for pk in apis if pk in self._apis)


@dataclass(frozen=True, slots=True)
class _Changed:
    """What reading APIs again has given."""

    touched: dict[int, set[Key]]  # by API
    resources: list[Resource]
    removed: set[Key]
    fallbacks: dict[Key, tuple[Fallback, ...]]
    left: frozenset[Key] = frozenset()  # of the segments that APIs have moved out of


def _keys_of(segment: str) -> frozenset[Key]:
    """Return the routes and the scope of *segment*."""
    return frozenset((kind, segment_name(segment)) for kind in (ROUTES, SCOPE))


def _apis_that_trust(lines: Sequence[Activity]) -> dict[int, frozenset[int]]:
    """Return the APIs that trust the authorities that *lines* concern, by line. Read, not remembered: some come without a line."""
    found: dict[int, frozenset[int]] = {}
    for line in lines:
        if line.kind == "authority":
            of = line.subject_id
            places = Q(trusted_authority=of) | Q(caller_authority=of) | Q(oauthclient__token_authority=of)
            trusting = Api.objects.filter(places)
            found[line.id] = frozenset(trusting.values_list("pk", flat=True))
    return found


def _meet(one: str, other: str) -> bool:
    """Tell whether there is a host that both names are for."""
    return covers(one, other) or covers(other, one)


def _back_end(policy: Policy) -> BackEnd:
    return BackEnd(policy.backend.host, policy.backend.port)


def _rows() -> QuerySet[Api]:
    related = (
        "certificate__current",
        "certificate__ahead",
        "basic_credentials",
        "sharedsecret",
        "oauthclient__token_authority__current",
        "back_end",
    )
    return Api.objects.select_related(*related).prefetch_related("operations").order_by("pk")


def _fetch(rows: QuerySet[M], ids: Collection[int]) -> list[M]:
    """Return the *rows* of these *ids* that exist."""
    ordered = sorted(ids)
    return [row for start in range(0, len(ordered), _CHUNK) for row in rows.filter(pk__in=ordered[start : start + _CHUNK])]


def _closed_policy(api: Api, around: Surroundings) -> Policy:
    """Return the policy of an API whose own cannot be told, as far as its routes go: they lead to a refusal."""
    return Policy(
        api_id=api.pk,
        api=api.name,
        path=api.path,
        backend=Backend(scheme="https", host="closed.invalid", port=443, path="", trust=Trust()),
        key_check=KeyCheck(required=api.subscription_required, header=api.key_header, query=api.key_query),
        operations=tuple(sorted(OperationPattern(method=o.method, url_template=o.url_template, name=o.name) for o in api.operations.all())),
        inbound=tuple(rule for rule in (api.cors_rule(), api.caller_rule()) if rule),
        hosts=tuple(api.hosts),
        caller_authorities=api.caller_authorities,
        forwarding=api.forwarding(),
        named_values=named_by(api, api.operations.all(), around),
    )


def _identity(api: Api, known: dict[object, Identity]) -> Identity | None:
    """Return what *api* presents, unsealed once for all that present it."""
    if (version := api.presented) is None:
        return None
    if version.pk not in known:
        known[version.pk] = version.identity()
    return known[version.pk]


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    chunk: list[T] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk
