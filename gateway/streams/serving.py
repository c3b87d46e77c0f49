"""Serving delta streams with gRPC: what control plane and agent have in common when somebody asks them. [pure]

grpc.aio: measured equal to the threaded server (0.5 ms from a change to its reader) and without threads per stream, so that a
stalled or a thousandth stream takes nothing from the others. Each stream waits for its own flow control only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from gateway.streams import wire
from gateway.streams.cache import Cache, NodeStream
from gateway.streams.stream import PATIENCE
from gateway.streams.wire import request_of, response_of

Context = Any  # grpc.aio.ServicerContext is not typed
OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 10_000),  # a gateway whose machine is gone is noticed
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 500),  # gateways ping, too
    ("grpc.http2.max_ping_strikes", 0),
    # A fleet that comes back at once waits for its turn; gRPC would cancel who waits for 30 seconds, and drop some of more than 1,000.
    ("grpc.server_max_unrequested_time_in_server", 600),
    ("grpc.server.max_pending_requests", 20_000),
    ("grpc.server.max_pending_requests_hard_limit", 40_000),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),  # a gateway that comes back lists all it has
)


def handlers(deltas: Callable[..., Any], logs: Callable[..., Any]) -> tuple[Any, ...]:
    """Return the two services that an Envoy calls, as gRPC takes them."""
    log, done = wire.LOG_MESSAGES
    following = grpc.stream_stream_rpc_method_handler(deltas, wire.read_request)  # answered in bytes
    logging = grpc.stream_unary_rpc_method_handler(logs, log.FromString, done.SerializeToString)
    return (
        grpc.method_handlers_generic_handler(wire.DISCOVERY, {wire.DELTAS: following}),
        grpc.method_handlers_generic_handler(wire.LOGS, {wire.FAILED_CALLS: logging}),
    )


async def serve_deltas(
    node_stream: NodeStream, cache: Cache, first: DeltaDiscoveryRequest, requests: AsyncIterator[DeltaDiscoveryRequest], context: Context
) -> None:
    """Serve one stream, which has begun with *first*, until it or we hang up."""
    cache.join(node_stream)
    reading = asyncio.create_task(_read(node_stream, first, requests))
    try:
        await _write(node_stream, cache, context)
    finally:
        reading.cancel()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await reading
        finally:
            cache.leave(node_stream)


async def _read(node_stream: NodeStream, first: DeltaDiscoveryRequest, requests: AsyncIterator[DeltaDiscoveryRequest]) -> None:
    """Feed the stream what its gateway says; end it when the gateway hangs up."""
    try:
        node_stream.receive(request_of(first))
        async for message in requests:
            node_stream.receive(request_of(message))
    finally:
        node_stream.ended.set()
        node_stream.wake.set()


async def _write(node_stream: NodeStream, cache: Cache, context: Context) -> None:
    while not node_stream.ended.is_set():
        node_stream.wake.clear()
        while not node_stream.ended.is_set() and (responses := node_stream.next_responses()):
            line = cache.line  # of all of them, whatever comes while they are written
            for response in responses:
                await context.write(response_of(*response, line=line, encode=node_stream.encode))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(node_stream.wake.wait(), PATIENCE if node_stream.stream.waiting else None)


def add_local_socket(server: grpc.aio.Server, socket: Path) -> None:
    """Listen on *socket*, which only we may open: the streams carry private keys.

    By its name in its directory, because a socket's path may have no more than 107 bytes.
    """
    socket.unlink(missing_ok=True)
    directory, mask = Path.cwd(), os.umask(0o177)
    try:
        os.chdir(socket.parent)
        server.add_insecure_port(f"unix:{socket.name}")
    finally:
        os.chdir(directory)
        os.umask(mask)
