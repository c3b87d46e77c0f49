"""The control plane: one delta stream per gateway, over which it gets its configuration and answers for it, and what gateways report.

grpc.aio: measured equal to the threaded server (0.5 ms from a change to its reader) and without threads per stream, so that a
stalled or a thousandth stream takes nothing from the others. Each stream waits for its own flow control only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import grpc
from django.db import DatabaseError, connection
from django.utils import timezone
from envoy.service.accesslog.v3.als_pb2 import StreamAccessLogsMessage, StreamAccessLogsResponse
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from envoy.service.load_stats.v3.lrs_pb2 import LoadStatsRequest, LoadStatsResponse

from certificates.sealing import SealingError
from gateway.compile.resource import CLUSTER
from gateway.control import renewal
from gateway.control.enrolment import fingerprint_of
from gateway.control.status_queue import StatusQueue
from gateway.control.watch import BARE
from gateway.seeing.failures import failed_call
from gateway.seeing.usage import counts_of, reports_wanted
from gateway.streams.cache import Cache, NodeStream
from gateway.streams.stream import PATIENCE
from gateway.streams.wire import request_of, response_of, version_of

log = logging.getLogger(__name__)

_DISCOVERY = "envoy.service.discovery.v3.AggregatedDiscoveryService"
_LOGS = "envoy.service.accesslog.v3.AccessLogService"
_ENROLMENT = "portal.Enrolment"  # ours: bytes in, bytes out
_LOADS = "envoy.service.load_stats.v3.LoadReportingService"
OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 10_000),  # a gateway whose machine is gone is noticed
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),  # Envoy pings, too
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),  # a gateway that comes back lists all it has
)
_REFUSED_STREAM = "remote_refused_stream_reset"  # of Envoy's response code details; HTTP/1.1 has no streams
T = TypeVar("T")
Context = Any  # grpc.aio.ServicerContext is not typed


class UnknownGateway(Exception):
    """A gateway that is not enrolled, or no longer."""


class Knows:
    """Who may come: whoever reaches the local socket, and on the network whoever shows the certificate of an enrolled gateway."""

    def __init__(self) -> None:
        """Begin without anybody enrolled."""
        self.enrolled: dict[str, str] = {}  # fingerprint: name
        self.renewed: frozenset[str] = frozenset()  # fingerprints of certificates that have not come before

    def name_of(self, context: Context, claimed: str) -> str:
        """Return the name of the gateway behind a call.

        :param claimed: the name it gives itself, which only the local socket's is believed
        :raises UnknownGateway: if it is not known
        """
        if certificate := context.auth_context().get("x509_pem_cert"):
            if name := self.enrolled.get(fingerprint_of(certificate[0])):
                return name
        elif context.peer().startswith("unix:"):
            return claimed or "gateway"
        raise UnknownGateway(f"A gateway that is not enrolled was turned away ({context.peer()}).")


class ControlPlane:
    """The three services that gateways call."""

    def __init__(self, cache: Cache, statuses: StatusQueue, knows: Knows, *, speaks_http2: Callable[[int], None]) -> None:
        """Take what the streams are fed from and what they are noted in.

        :param speaks_http2: takes the id of an API whose back end a gateway has seen speak HTTP/2; must not make the streams wait
        """
        self._speaks_http2 = speaks_http2
        self._cache = cache
        self._statuses = statuses
        self._knows = knows
        self.trouble = ""  # why a gateway was turned away that should be served

    def handlers(self) -> tuple[Any, ...]:
        """Return the services as gRPC takes them."""
        deltas = grpc.stream_stream_rpc_method_handler(
            self.deltas, DeltaDiscoveryRequest.FromString, DeltaDiscoveryResponse.SerializeToString
        )
        logs = grpc.stream_unary_rpc_method_handler(
            self.logs, StreamAccessLogsMessage.FromString, StreamAccessLogsResponse.SerializeToString
        )
        loads = grpc.stream_stream_rpc_method_handler(self.loads, LoadStatsRequest.FromString, LoadStatsResponse.SerializeToString)
        return (
            grpc.method_handlers_generic_handler(_DISCOVERY, {"DeltaAggregatedResources": deltas}),
            grpc.method_handlers_generic_handler(_LOGS, {"StreamAccessLogs": logs}),
            grpc.method_handlers_generic_handler(_ENROLMENT, {"Renew": grpc.unary_unary_rpc_method_handler(self.renew)}),
            grpc.method_handlers_generic_handler(_LOADS, {"StreamLoadStats": loads}),
        )

    async def deltas(self, requests: AsyncIterator[DeltaDiscoveryRequest], context: Context) -> None:
        """Serve one gateway until it or we hang up."""
        if (first := await anext(aiter(requests), None)) is None:
            return
        name = await self._name(context, first.node.id)
        await self._refuse_to_empty(context, name, first)
        await self._retire_old_certificate(context)
        node_stream = NodeStream(self._cache, name)
        self._cache.join(node_stream)
        self._statuses.connected(name, version_of(first))
        log.info("%s has connected (Envoy %s).", name, version_of(first))
        reading = asyncio.create_task(_read(node_stream, first, requests))
        try:
            await self._write(node_stream, context)
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
            self._cache.leave(node_stream)
            log.info("%s has disconnected.", name)

    async def _write(self, node_stream: NodeStream, context: Context) -> None:
        while not node_stream.ended.is_set():
            node_stream.wake.clear()
            while not node_stream.ended.is_set() and (response := node_stream.next_response()):
                await context.write(response_of(*response, line=self._cache.line))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(node_stream.wake.wait(), PATIENCE if node_stream.stream.waiting else None)

    async def logs(self, messages: AsyncIterator[StreamAccessLogsMessage], context: Context) -> StreamAccessLogsResponse:
        """Take in failed calls until the gateway hangs up."""
        name = ""
        async for message in messages:
            name = await self._name(context, name or message.identifier.node.id)  # each time: it may have been removed meanwhile
            for entry in message.http_logs.log_entry:
                if call := failed_call(entry, gateway=name):
                    self._statuses.failed(call)
                    if call.api_id and _REFUSED_STREAM in call.details:
                        self._speaks_http2(call.api_id)
        return StreamAccessLogsResponse()

    async def loads(self, reports: AsyncIterator[LoadStatsRequest], context: Context) -> AsyncIterator[LoadStatsResponse]:
        """Ask for reports of how often each API is called, and take them in until the gateway hangs up."""
        asked = False
        async for report in reports:
            await self._name(context, report.node.id)  # each time: it may have been removed meanwhile
            if not asked:
                asked = True
                yield reports_wanted()
            self._statuses.called(counts_of(report))

    async def renew(self, request: bytes, context: Context) -> bytes:
        """Answer a known gateway's signing request with a new certificate and the authority (:mod:`gateway.control.renewal`)."""
        if not context.auth_context().get("x509_pem_cert"):
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "On the portal's own machine a gateway needs no certificate.")
        name = await self._name(context, "")
        try:
            return await asyncio.to_thread(_with_own_connection, renewal.renew, name, request, now=timezone.now())
        except renewal.BadRequest as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except (DatabaseError, SealingError) as error:
            log.warning("The certificate of %s could not be renewed: %s", name, error)
            await context.abort(grpc.StatusCode.UNAVAILABLE, "The certificate cannot be renewed now; the one you have stays valid.")
        raise AssertionError  # abort() does not return

    async def _retire_old_certificate(self, context: Context) -> None:
        """Note that a gateway has come with its renewed certificate, if it has."""
        shown = context.auth_context().get("x509_pem_cert")
        if shown and (fingerprint := fingerprint_of(shown[0])) in self._knows.renewed:
            try:
                await asyncio.to_thread(_with_own_connection, renewal.take_over, fingerprint, now=timezone.now())
            except DatabaseError as error:  # the next stream notes it
                log.warning("The old certificate of a gateway could not be retired: %s", error)

    async def _refuse_to_empty(self, context: Context, name: str, first: DeltaDiscoveryRequest) -> None:
        """Turn a gateway away that has APIs, while there are none and nobody knows why: it goes on with what it has, and comes again."""
        if not (self._cache.suspect and first.type_url == CLUSTER and first.initial_resource_versions):
            self.trouble = self.trouble if self._cache.suspect else ""
            return
        if not self.trouble:
            log.error("%s was turned away. %s", name, BARE)
        self.trouble = BARE
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "There is no API here, and nothing tells why.")

    async def _name(self, context: Context, claimed: str) -> str:
        await self._cache.ready.wait()  # by then it is known, too, who is enrolled
        try:
            return self._knows.name_of(context, claimed)
        except UnknownGateway as error:
            log.warning("%s", error)
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "This gateway is not enrolled.")
            raise


def _with_own_connection(do: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Do what needs the database, in a thread that keeps no connection."""
    try:
        return do(*arguments, **named)
    finally:
        connection.close()


async def _read(node_stream: NodeStream, first: DeltaDiscoveryRequest, requests: AsyncIterator[DeltaDiscoveryRequest]) -> None:
    """Feed the stream what its gateway says; end it when the gateway hangs up."""
    try:
        node_stream.receive(request_of(first))
        async for message in requests:
            node_stream.receive(request_of(message))
    finally:
        node_stream.ended.set()
        node_stream.wake.set()
