"""From rows to resources: everything once, then only what a line of the activity log names."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import queue
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from django.db.models import Model

from apis.calls import MOST_COUNTED_KEYS
from apis.models import Api
from apis.policies.surroundings import Surroundings, surroundings
from apis.policy import UnreadablePolicy
from apis.policy.model import Policy, Protocol
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
)
from gateway.compile.resource import CLUSTER, ROUTES, SCOPE
from gateway.control import keys, reading, server_certificates
from gateway.control.alpn import BackEnd, Handshakes
from gateway.control.entries import Entries, Shown, identity_of
from gateway.control.fallbacks import Earlier, Fallback, Fallbacks, earlier_versions, fallbacks_of
from gateway.control.index import Index, Prepared
from gateway.control.server_certificates import ServerCertificates
from gateway.control.status_queue import StatusQueue
from gateway.streams.cache import Update
from gateway.streams.stream import Key
from portal.models import Activity, Event

log = logging.getLogger(__name__)

_AROUND = ("policy", "named-value", "encryption")  # lines that say that what stands around APIs has changed, or is sealed otherwise
_NO_BACKEND = "This API has no back end yet: its Web service URL is not set."
_REFUSAL = "The gateway cannot prove itself to this API's back end; the portal says why."
T = TypeVar("T")
M = TypeVar("M", bound=Model)


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
        self._index = Index()
        self._problems: set[int] = set()
        self._keys = keys.Keys()
        self._server_certificates = ServerCertificates()
        self._around: Surroundings | None = None

    def apis_of(self, key: Key) -> Collection[int]:
        """Return the ids of the APIs that a resource serves."""
        return self._index.apis_of(key)

    @property
    def is_bare(self) -> bool:
        """Whether there is no API."""
        return not self._index.apis

    def load(self, line: int) -> Update:
        """Compile everything there is.

        :param line: the newest line of the log, read before: what changes meanwhile is read again
        :raises django.db.DatabaseError: if the database is away
        """
        self._forget()
        resources: list[Resource] = []
        fallbacks: dict[Key, tuple[Fallback, ...]] = {}
        self._around = around = surroundings(at_once=True)
        for rows in reading.chunks(reading.rows().iterator(chunk_size=reading.CHUNK)):
            earlier = earlier_versions({api.certificate.pk: api.certificate for api in rows if api.certificate}.values())
            for pk, one, compiled, instead in self._compile(rows, earlier, around):
                resources += compiled
                fallbacks |= instead
                self._index.apis[pk] = one
                self._index.place(pk, None)
        self._keys.load()
        resources += self._keys.all()
        for segment in sorted(self._index.segments):
            resources += self._compile_segment(segment)
        resources += compile_listener(self._listener)
        self._server_certificates.take(server_certificates.rows())
        resources += self._server_certificates.compile(self._index.asks)[0]
        resources += compile_status()
        self.line = line
        return Update(line=max(line, 1), resources=tuple(resources), fallbacks=fallbacks, complete=True)

    def follow(self, lines: Sequence[Activity]) -> Update:
        """Compile what *lines*, the next of the activity log, name.

        :raises django.db.DatabaseError: if the database is away; the same lines can be followed again
        """
        trusting = reading.apis_that_trust(lines)
        named = {line.id: self._apis_named_by(line) | trusting.get(line.id, frozenset()) for line in lines}
        shown = self._shown_anew(lines, trusting)
        apis = frozenset().union(*named.values()) - shown.keys()
        subscriptions_by_line = {line.id: self._subscriptions_named_by(line) for line in lines}
        subscriptions = {subscription for named in subscriptions_by_line.values() for subscription in named}
        api_rows, subscription_rows = reading.fetch(reading.rows(), apis), reading.fetch(keys.rows(), subscriptions)
        servers = server_certificates.named_by(lines)
        server_lines = {line.id for line in lines if line.kind == server_certificates.KIND}
        server_rows = reading.fetch(server_certificates.rows(), servers)
        entries = {one.pk: one for one in (*(api.certificate for api in api_rows), *(one.entry for one in shown.values())) if one}
        earlier = {key: found for some in reading.chunks(iter(entries.values())) for key, found in earlier_versions(some).items()}
        around = self._surroundings(lines, api_rows)
        # From here on nothing is read, so that nothing is left half done when the database goes away.
        opened = {line: self._keys.opened_by(named, self._index.counting) for line, named in subscriptions_by_line.items()}
        shards = self._keys.replace(subscriptions, subscription_rows)
        opened = {line: opened[line] | self._keys.opened_by(named, self._index.counting) for line, named in subscriptions_by_line.items()}
        before = {pk: self._index.apis.get(pk) for pk in (*apis, *shown)}
        news = [*self._compile(api_rows, earlier, around), *self._compile_shown(shown, earlier)]
        changed = self._replace_apis(before, news, self._index.segments_of(frozenset().union(*opened.values())))
        self._server_certificates.take(server_rows, named=servers)
        edge, gone = self._server_certificates.compile(self._index.asks)
        edge_keys = frozenset((one.type_url, one.name) for one in edge) | frozenset(gone)
        resources = [*changed.resources, *self._keys.compile(frozenset().union(*shards.values())), *edge]
        changed.removed.update(gone)
        touched = {
            line.id: frozenset(
                # Also the APIs that an earlier one of these lines has bound to the certificate, and those that turned out to be gone.
                {key for api in named[line.id] | self._apis_named_by(line) for key in changed.touched[api]}
                | {key for subscription in subscriptions_by_line[line.id] for key in keys.resources_of(shards[subscription])}
                | {key for segment in self._index.segments_of(opened[line.id]) for key in _keys_of(segment)}
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

    def _surroundings(self, lines: Sequence[Activity], rows: Iterable[Api]) -> Surroundings:
        """Return what stands around APIs; read again only where that has changed, because every switch waits for this.

        *lines* say so. So do *rows* that were read just now and are ahead of the lines: they name values that were not there before.
        """
        if self._around is None or any(line.kind in _AROUND for line in lines) or reading.names_more(rows, self._around):
            self._around = None  # should the database go away
            self._around = surroundings(at_once=True)
        return self._around

    def speaks_http2(self, api: int) -> None:
        """Take in that a gateway has seen the back end of an API speak HTTP/2. May be called by any thread."""
        self._seen_http2.put(api)

    def learn(self) -> Update | None:
        """Compile again what goes by how back ends have answered handshakes of late; ``None`` if nothing does."""
        with contextlib.suppress(queue.Empty):
            while True:
                if one := self._index.apis.get(self._seen_http2.get_nowait()):
                    self._handshakes.told(_back_end(one.policy))
        if not (news := self._handshakes.news()):
            return None
        self._handshakes.keep({_back_end(one.policy) for one in self._index.apis.values() if one.policy.backend.http is Protocol.AUTO})
        stale = set()
        for pk, old in self._index.apis.items():
            if _back_end(old.policy) in news:
                self._index.apis[pk] = dataclasses.replace(old, policy=self._as_seen(old.policy))
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
                return frozenset(self._index.apis)
            case "named-value":
                return frozenset(pk for pk, one in self._index.apis.items() if line.details.get("reference") in one.policy.named_values)
            case "certificate":
                return frozenset(self._index.by_certificate.get(int(line.subject_id), ()))
            case _:
                return frozenset()

    def _subscriptions_named_by(self, line: Activity) -> frozenset[int]:
        """Return the subscriptions that *line* concerns, by id; those of a deleted API have gone with it."""
        if line.kind == "subscription":
            return frozenset({int(line.subject_id)})
        return self._keys.of_api(int(line.subject_id)) if line.event == Event.API_DELETED else frozenset()

    def _shown_anew(self, lines: Sequence[Activity], trusting: Mapping[int, frozenset[int]]) -> dict[int, Shown]:
        """Return what APIs present by now that *lines* concern only because of their certificate: nothing else of them need be read.

        :param trusting: the APIs that lines concern because of the authorities that they trust
        """
        by_certificate = {pk for line in lines if line.kind == "certificate" for pk in self._apis_named_by(line)}
        otherwise = {pk for line in lines if line.kind != "certificate" for pk in self._apis_named_by(line)}.union(*trusting.values())
        candidates = {pk: self._index.apis[pk] for pk in by_certificate - otherwise}
        entries = Entries({one.certificate for one in candidates.values() if one.certificate})
        return {pk: shown for pk, one in candidates.items() if (shown := entries.shown_by(one))}

    def _replace_apis(self, before: Mapping[int, Prepared | None], news: Iterable[_New], also: Collection[str]) -> _Changed:
        """Put *news* in place of what there was *before*; compile the segments for which it matters, and the segments *also*."""
        changed = _Changed({}, [], set(), {})
        for pk in before:
            self._index.apis.pop(pk, None)
        for one in news:
            self._index.apis[one.pk] = one.prepared
            changed.resources.extend(one.resources)
            changed.fallbacks.update(one.fallbacks)
        stale = set(also)
        for pk, old in before.items():
            new = self._index.apis.get(pk)
            self._index.place(pk, old)
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

    def _left_behind(self, before: Mapping[int, Prepared | None]) -> frozenset[Key]:
        """Return the routes and scopes of segments that APIs have moved out of, and none into."""
        segments = [(old.segment if old else None, one.segment) for pk, old in before.items() if (one := self._index.apis.get(pk))]
        moves = [(here, there) for here, there in segments if here != there]
        came = {there for _, there in moves}
        return frozenset(key for here, _ in moves if here is not None and here not in came for key in _keys_of(here))

    def _compile(self, rows: Iterable[Api], earlier: Earlier, around: Surroundings) -> Iterator[_New]:
        """Prepare *rows*, and what may stand in. What cannot be compiled, refuses its calls and says why; the others go on."""
        identities: dict[object, Identity] = {}
        for api in rows:
            problem = ""
            fallbacks: tuple[Fallback, ...] = ()
            try:
                policy = self._as_seen(api.policy(around))
                if policy.says_more:
                    compile_segment("", [policy])  # what its statements come to has to be known before all APIs of the segment rely on it
                if api.has_backend:
                    compiled = compile_cluster(policy, identity_of(api.presented, identities) if api.presented else None)
                    fallbacks = fallbacks_of(policy, api.certificate, api.presented, earlier)
                else:
                    compiled = compile_refusal(policy, _NO_BACKEND)
            except (SealingError, UnreadablePolicy, ValueError, LookupError) as error:
                problem = str(error)
                log.warning("The API %s refuses its calls: %s", api.name, problem)
                policy = reading.closed_policy(api, around)
                compiled = compile_refusal(policy, _REFUSAL)
            if problem or api.pk in self._problems:
                self._statuses.problem(api.pk, problem or None)
                (self._problems.add if problem else self._problems.discard)(api.pk)
            yield _new(policy, compiled, fallbacks, certificate=api.certificate_id, forwards=api.has_backend and not problem)

    def _compile_shown(self, shown: Mapping[int, Shown], earlier: Earlier) -> Iterator[_New]:
        """Prepare APIs again that present another version of their certificate, and are otherwise as they were."""
        for pk, one in shown.items():
            policy = self._as_seen(self._index.apis[pk].policy.presenting(one.entry.name, one.version.thumbprint))
            compiled = compile_cluster(policy, one.identity)
            yield _new(policy, compiled, fallbacks_of(policy, one.entry, one.version, earlier), certificate=one.entry.pk, forwards=True)

    def _compile_segment(self, segment: str) -> tuple[Resource, ...]:
        apis = self._index.segments.get(segment, set())
        return compile_segment(segment, [self._index.apis[pk].policy for pk in apis], self._keys_of_counting(apis))

    def _keys_of_counting(self, apis: Collection[int]) -> KeysOfApis:
        """Return what opens those of *apis* that count by it, unless that is too much to be told apart."""
        opening = {pk: self._keys.opening(pk) for pk in apis if pk in self._index.counting}
        return {pk: keys for pk, keys in opening.items() if len(keys) <= MOST_COUNTED_KEYS}


class _New(NamedTuple):
    """An API as it is by now."""

    pk: int
    prepared: Prepared
    resources: tuple[Resource, ...]
    fallbacks: Fallbacks


def _new(
    policy: Policy, compiled: tuple[Resource, ...], fallbacks: tuple[Fallback, ...], *, certificate: int | None, forwards: bool
) -> _New:
    keys = frozenset((one.type_url, one.name) for one in compiled)
    instead = {(CLUSTER, compiled[-1].name): fallbacks} if fallbacks else {}
    return _New(policy.api_id, Prepared(policy, keys, certificate, forwards), compiled, instead)


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


def _back_end(policy: Policy) -> BackEnd:
    return BackEnd(policy.backend.host, policy.backend.port)
