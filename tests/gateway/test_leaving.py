"""A stream that ends is over for everybody: nobody waits for it, whatever has ended it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from gateway.compile.resource import CLUSTER, LISTENER, SCOPE, Resource
from gateway.control.status_queue import StatusQueue
from gateway.control.status_writer import StatusWriter
from gateway.models import Refusal
from gateway.streams import wire
from gateway.streams.cache import Cache, NodeStream, Update
from gateway.streams.delta import WILDCARD
from gateway.streams.serving import OPTIONS, Context, handlers, serve_deltas
from gateway.streams.stream import Peer, Refused, Request

KEY = (CLUSTER, "api-1")


def _api(version: bytes, line: int) -> Update:
    return Update(line=line, resources=(Resource(*KEY, version),), touched={line: frozenset({KEY})})


def _stream(cache: Cache) -> NodeStream:
    """Return a stream of the agent of one gateway, which has everything."""
    one = NodeStream(cache, "gateway-1", Peer.AGENT)
    cache.join(one)
    for kind in (CLUSTER, LISTENER, SCOPE):
        one.receive(Request(type_url=kind, subscribe=(WILDCARD,)))
    _take(one)
    return one


def _take(one: NodeStream) -> None:
    while responses := one.next_responses():
        for kind, batch in responses:
            one.receive(Request(type_url=kind, nonce=batch.nonce))


def test_what_is_live_on_the_new_stream_waits_for_no_old_one_that_nobody_had_noticed_to_be_dead() -> None:
    statuses = StatusQueue()
    cache = Cache(statuses)
    cache.apply(Update(line=1, complete=True))
    dead, living = _stream(cache), _stream(cache)
    cache.apply(_api(b"2", 2))
    _take(living)
    statuses.take()
    cache.leave(dead)
    assert statuses.take().gateways["gateway-1"]["applied_change"] == 2


async def _gateways_after_nonsense(socket: Path) -> list[str]:
    cache = Cache(StatusQueue())
    cache.apply(Update(line=1, complete=True))

    async def deltas(requests: AsyncIterator[DeltaDiscoveryRequest], context: Context) -> None:
        await serve_deltas(NodeStream(cache, "gateway-1", Peer.ENVOY), cache, await anext(aiter(requests)), requests, context)

    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers(handlers(deltas, deltas))
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"unix:{socket}") as channel:
            call: Any = channel.stream_stream(f"/{wire.DISCOVERY}/{wire.DELTAS}", bytes, bytes)(None)
            await call.write(DeltaDiscoveryRequest(type_url=CLUSTER).SerializeToString())
            await call.read()
            assert cache.gateways == ["gateway-1"]
            await call.write(b"\xff\xff\xff")
            with contextlib.suppress(grpc.RpcError):
                while await call.read():  # what ends a stream is no message
                    pass
        for _ in range(100):
            if cache.gateways:
                await asyncio.sleep(0.05)
        return list(cache.gateways)
    finally:
        await server.stop(0)


def test_one_that_says_what_is_no_message_has_left(tmp_path: Path) -> None:
    assert asyncio.run(_gateways_after_nonsense(tmp_path / "socket")) == []


@pytest.mark.django_db
def test_what_it_refused_before_it_came_back_is_no_refusal_any_more_whenever_that_is_written() -> None:
    statuses = StatusQueue()
    writer = StatusWriter(statuses, lambda _key: ())
    statuses.connected("gateway-1", "1.40.0")
    writer.write()
    statuses.refused("gateway-1", Refused(KEY, "v", "bad", frozenset({5})), None)
    statuses.disconnected("gateway-1")
    statuses.connected("gateway-1", "1.40.0")
    statuses.filled("gateway-1", frozenset())
    writer.write()
    assert not Refusal.objects.exists()
