"""A control plane of fifty lines: feeds one Envoy what a test compiles, over the same delta stream as the real one, and notes refusals.

It lets the tests of what Envoy is told do without rows, a database and the xDS server, which has tests of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Iterable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from envoy.service.accesslog.v3 import als_pb2, als_pb2_grpc
from envoy.service.discovery.v3 import ads_pb2_grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from google.protobuf.any_pb2 import Any as AnyMessage

from gateway.compile import Resource
from gateway.compile.resource import CLUSTER, FILTER, LISTENER, ROUTES, SCOPE, SECRET
from gateway.streams.stream import BARRIER

_ORDER = (SECRET, CLUSTER, FILTER, ROUTES, SCOPE, LISTENER)
_WILDCARD = (CLUSTER, SCOPE, LISTENER)  # Envoy takes all there are; of the others it asks for names
_APPLIED_WITHIN_SECONDS = 20
Key = tuple[str, str]


class Feed(ads_pb2_grpc.AggregatedDiscoveryServiceServicer, als_pb2_grpc.AccessLogServiceServicer):  # type: ignore[misc]  # untyped
    """What one Envoy is fed."""

    def __init__(self, socket: Path) -> None:
        """Serve on *socket*."""
        self.failed_calls: list[HTTPAccessLogEntry] = []
        self._resources: dict[Key, Resource] = {}
        self._wake: list[queue.SimpleQueue[DeltaDiscoveryRequest | str | None]] = []
        self._refusals: dict[Key, str] = {}
        self._answered = threading.Condition()
        self._applied: dict[Key, str | None] = {}  # the version Envoy has answered for; None: gone
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
        ads_pb2_grpc.add_AggregatedDiscoveryServiceServicer_to_server(self, self._server)
        als_pb2_grpc.add_AccessLogServiceServicer_to_server(self, self._server)
        self._server.add_insecure_port(f"unix:{socket}")
        self._server.start()

    def stop(self) -> None:
        """Go away; Envoy keeps what it has."""
        self._server.stop(None)

    def put(self, resources: Iterable[Resource]) -> None:
        """Send *resources* without waiting."""
        self._resources.update({(one.type_url, one.name): one for one in resources})
        self._push()

    def apply(self, resources: Iterable[Resource], *, removed: Iterable[Key] = ()) -> dict[Key, str]:
        """Send *resources*, take *removed* away, wait until Envoy has answered for all; return what it refused, in its words."""
        resources = [one for one in resources if self._resources.get((one.type_url, one.name)) != one]
        wanted: dict[Key, str | None] = {(one.type_url, one.name): one.version for one in resources}
        for key in removed:
            if self._resources.pop(key, None):
                wanted[key] = None
        with self._answered:
            for key in wanted:
                self._refusals.pop(key, None)
                self._applied.pop(key, None)
            self.put(resources)
            done = self._answered.wait_for(
                lambda: all(self._applied.get(key, "") == version for key, version in wanted.items()), _APPLIED_WITHIN_SECONDS
            )
            missing = [key for key, version in wanted.items() if self._applied.get(key, "") != version]
            assert done, f"Envoy did not answer for {missing}."
            return {key: self._refusals[key] for key in wanted if key in self._refusals}

    def StreamAccessLogs(self, messages: Iterator[Any], _context: Any) -> Any:  # noqa: N802 - gRPC's name
        """Keep the failed calls."""
        with contextlib.suppress(grpc.RpcError):
            for message in messages:
                self.failed_calls.extend(message.http_logs.log_entry)
        return als_pb2.StreamAccessLogsResponse()

    def DeltaAggregatedResources(self, requests: Iterator[Any], _context: Any) -> Iterator[DeltaDiscoveryResponse]:  # noqa: N802 - gRPC's name
        """Serve one stream."""
        events: queue.SimpleQueue[DeltaDiscoveryRequest | str | None] = queue.SimpleQueue()
        self._wake.append(events)
        threading.Thread(target=_forward, args=(requests, events), daemon=True).start()
        stream = _Stream()
        while (event := events.get()) is not None:
            if not isinstance(event, str):
                self._note(stream.asked(event))
            for type_url in (*_ORDER, BARRIER):
                yield from stream.changes(type_url, self._resources)

    def _push(self) -> None:
        for events in self._wake:
            events.put("changed")

    def _note(self, answered: dict[Key, tuple[str | None, str]]) -> None:
        with self._answered:
            for key, (version, refusal) in answered.items():
                self._applied[key] = version
                if refusal:
                    self._refusals[key] = refusal
            self._answered.notify_all()


class _Stream:
    """What one stream has asked for and been sent."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}
        self._sent: dict[Key, str] = {}
        self._unanswered: dict[str, dict[Key, str | None]] = {}
        self._greeted: set[str] = set()  # kinds that have had an answer, if only to say that there are none
        self._nonces = itertools.count(1)

    def asked(self, request: Any) -> dict[Key, tuple[str | None, str]]:
        """Take a request in; return what it answers for: version and, if refused, Envoy's words."""
        names = self._names.setdefault(request.type_url, set())
        names.update(request.resource_names_subscribe)
        names.difference_update(request.resource_names_unsubscribe)
        for name in [*request.resource_names_subscribe, *request.resource_names_unsubscribe]:
            self._sent.pop((request.type_url, name), None)
        words = request.error_detail.message
        return {
            key: (version, words if key[1] in words or len(sent) == 1 else "")
            for sent in [self._unanswered.pop(request.response_nonce, {})]
            for key, version in sent.items()
        }

    def changes(self, type_url: str, resources: dict[Key, Resource]) -> Iterator[DeltaDiscoveryResponse]:
        """Give what has changed since; clusters together, of all else one resource per response."""
        if (names := self._names.get(type_url)) is None:
            return
        wanted = {
            key: one
            for key, one in list(resources.items())
            if key[0] == type_url and (type_url in _WILDCARD or key[1] in names or "*" in names)
        }
        new = [one for key, one in wanted.items() if self._sent.get(key) != one.version]
        gone = [key for key in self._sent if key[0] == type_url and key not in wanted]
        for group in [new] if type_url == CLUSTER else [[one] for one in new]:
            if group:
                yield self._response(type_url, group, [])
        if gone or ((type_url in _WILDCARD or "*" in names) and type_url not in self._greeted):
            yield self._response(type_url, [], gone)

    def _response(self, type_url: str, new: list[Resource], gone: list[Key]) -> DeltaDiscoveryResponse:
        self._greeted.add(type_url)
        response = DeltaDiscoveryResponse(type_url=type_url, nonce=str(next(self._nonces)), removed_resources=[name for _, name in gone])
        for one in new:
            response.resources.add(name=one.name, version=one.version, resource=AnyMessage(type_url=type_url, value=one.body))
            self._sent[type_url, one.name] = one.version
        for key in gone:
            del self._sent[key]
        answers: dict[Key, str | None] = {(type_url, one.name): one.version for one in new}
        self._unanswered[response.nonce] = {**answers, **dict.fromkeys(gone)}
        return response


def _forward(requests: Iterator[Any], events: queue.SimpleQueue[DeltaDiscoveryRequest | str | None]) -> None:
    with contextlib.suppress(grpc.RpcError):
        for request in requests:
            events.put(request)
    events.put(None)
