"""The control plane: one delta stream per gateway, over which it gets its configuration and answers for it, and what gateways report."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, TypeVar

import grpc
from django.db import DatabaseError, connection
from django.utils import timezone
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from envoy.service.accesslog.v3.als_pb2 import StreamAccessLogsMessage, StreamAccessLogsResponse
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from certificates.sealing import SealingError
from gateway.compile.resource import CLUSTER
from gateway.control import renewal
from gateway.control.enrolment import fingerprint_of
from gateway.control.knocks import Knocks
from gateway.control.probes import Probes
from gateway.control.status_queue import StatusQueue
from gateway.control.watch import BARE
from gateway.seeing import readings
from gateway.seeing.failures import failed_call
from gateway.seeing.readings import Reading
from gateway.seeing.tested_calls import is_tested, tested_call
from gateway.streams import probing, token_states
from gateway.streams.cache import Cache, NodeStream
from gateway.streams.serving import Context, handlers, serve_deltas
from gateway.streams.stream import Peer
from gateway.streams.wire import NODE, is_agent, version_of

log = logging.getLogger(__name__)

_ENROLMENT = "portal.Enrolment"  # ours: bytes in, bytes out
_REFUSED_STREAM = "remote_refused_stream_reset"  # of Envoy's response code details; HTTP/1.1 has no streams
T = TypeVar("T")


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
        if shown := _shown(context):
            if name := self.enrolled.get(shown):
                return name
        elif context.peer().startswith("unix:"):
            return claimed or "gateway"
        raise UnknownGateway(f"A gateway that is not enrolled was turned away ({context.peer()}).")


class ControlPlane:
    """The three services that gateways call."""

    def __init__(self, cache: Cache, statuses: StatusQueue, knows: Knows, probes: Probes, *, speaks_http2: Callable[[int], None]) -> None:
        """Take what the streams are fed from and what they are noted in.

        :param speaks_http2: takes the id of an API whose back end a gateway has seen speak HTTP/2; must not make the streams wait
        """
        self._speaks_http2 = speaks_http2
        self._cache = cache
        self._statuses = statuses
        self._knows = knows
        self._probes = probes
        self._knocks = Knocks()
        self.trouble = ""  # why a gateway was turned away that should be served

    def handlers(self) -> tuple[Any, ...]:
        """Return the services as gRPC takes them."""
        return (
            *handlers(self.deltas, self.logs),
            _own(probing.METHOD, grpc.stream_stream_rpc_method_handler(self.probes)),
            _own(token_states.METHOD, grpc.unary_unary_rpc_method_handler(self.tokens)),
            _own(readings.METHOD, grpc.unary_unary_rpc_method_handler(self.count)),
            grpc.method_handlers_generic_handler(_ENROLMENT, {"Renew": grpc.unary_unary_rpc_method_handler(self.renew)}),
        )

    async def deltas(self, requests: AsyncIterator[DeltaDiscoveryRequest], context: Context) -> None:
        """Serve one gateway until it or we hang up."""
        if (first := await anext(aiter(requests), None)) is None:
            return
        name = await self._name(context, first.node.id)
        await self._refuse_to_empty(context, name, first)
        await self._retire_old_certificate(context)
        self._statuses.connected(name, version_of(first))
        log.info("%s has connected (Envoy %s).", name, version_of(first))
        try:
            peer = Peer.AGENT if is_agent(first) else Peer.ENVOY
            node_stream = NodeStream(self._cache, name, peer, certificate=_shown(context))
            await serve_deltas(node_stream, self._cache, first, requests, context)
        finally:
            log.info("%s has disconnected.", name)

    async def logs(self, messages: AsyncIterator[StreamAccessLogsMessage], context: Context) -> StreamAccessLogsResponse:
        """Take in failed calls, and test calls, until the gateway hangs up."""
        name = ""
        async for message in messages:
            name = await self._name(context, name or message.identifier.node.id)  # each time: it may have been removed meanwhile
            for entry in message.http_logs.log_entry:
                if is_tested(entry):
                    self._note_tested(entry, gateway=name)
                elif call := failed_call(entry, gateway=name):
                    self._statuses.failed(call)
                    if call.api_id and _REFUSED_STREAM in call.details:
                        self._speaks_http2(call.api_id)
        return StreamAccessLogsResponse()

    def _note_tested(self, entry: HTTPAccessLogEntry, *, gateway: str) -> None:
        if call := tested_call(entry, gateway=gateway):
            self._statuses.tested(call)

    async def count(self, said: bytes, context: Context) -> bytes:
        """Take in what a gateway has read of its counters."""
        name = await self._name(context, dict(context.invocation_metadata()).get(NODE, ""))
        try:
            reading, age = Reading.decoded(said)
        except ValueError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise
        self._statuses.counted(name, reading, age=timedelta(seconds=age))
        return b""

    async def tokens(self, said: bytes, context: Context) -> bytes:
        """Take in how a gateway gets on with its tokens."""
        name = await self._name(context, dict(context.invocation_metadata()).get(NODE, ""))
        try:
            states = token_states.decoded(said)
        except ValueError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise
        self._statuses.tokens_told(name, states)
        return b""

    async def probes(self, answers: AsyncIterator[bytes], context: Context) -> None:
        """Ask an agent what the portal wants to know, until it or we hang up."""
        name = await self._name(context, dict(context.invocation_metadata()).get(NODE, ""))
        await self._probes.carry(name, answers, context)

    async def renew(self, request: bytes, context: Context) -> bytes:
        """Answer a known gateway's signing request with a new certificate and the authority (:mod:`gateway.control.renewal`)."""
        if not _shown(context):
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
        if (fingerprint := _shown(context)) in self._knows.renewed:
            try:
                await asyncio.to_thread(_with_own_connection, renewal.take_over, fingerprint, now=timezone.now())
            except DatabaseError as error:  # the next stream notes it
                log.warning("The old certificate of a gateway could not be retired: %s", error)

    async def _refuse_to_empty(self, context: Context, name: str, first: DeltaDiscoveryRequest) -> None:
        """Turn a gateway away that has APIs, while there are none and nobody knows why: it goes on with what it has, and comes again."""
        if not (self._cache.suspect and first.type_url == CLUSTER and first.initial_resource_versions):
            self.trouble = self.trouble if self._cache.suspect else ""
            return
        await self._send_back(context, name)

    async def _send_back(self, context: Context, who: str) -> None:
        """Turn a gateway away without the word that it may not come, upon which it would give its configuration up."""
        if not self.trouble:
            log.error("%s was turned away. %s", who, BARE)
        self.trouble = BARE
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "There is no API here, and nothing tells why.")

    async def _name(self, context: Context, claimed: str) -> str:
        await self._cache.ready.wait()  # by then it is known, too, who is enrolled
        try:
            return self._knows.name_of(context, claimed)
        except UnknownGateway as error:
            if self._cache.suspect:  # who is enrolled may be lost as well
                await self._send_back(context, context.peer())
            self._note_knock(context, error)
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "This gateway is not enrolled.")
            raise

    def _note_knock(self, context: Context, error: UnknownGateway) -> None:
        """Note who was turned away, and say it in the log, both once in a while."""
        certificate = _certificate(context)
        if certificate and (knock := self._knocks.worth_noting(certificate, context.peer())):
            log.warning("%s Its certificate names it %s.", error, knock.name)
            self._statuses.turned_away(knock)


def _certificate(context: Context) -> bytes:
    """Return the certificate that the other side has shown, as PEM; empty where it needs none."""
    certificates = context.auth_context().get("x509_pem_cert")
    return bytes(certificates[0]) if certificates else b""


def _shown(context: Context) -> str:
    """Return the fingerprint of the certificate that the other side has shown; empty where it needs none."""
    certificate = _certificate(context)
    return fingerprint_of(certificate) if certificate else ""


def _own(path: str, handler: Any) -> Any:
    """Return a method of ours, as gRPC takes it."""
    service, method = path.strip("/").split("/")
    return grpc.method_handlers_generic_handler(service, {method: handler})


def _with_own_connection(do: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Do what needs the database, in a thread that keeps no connection."""
    try:
        return do(*arguments, **named)
    finally:
        connection.close()
