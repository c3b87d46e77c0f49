"""Who leaves a control plane comes to the next one, however what ran over the channel beside the stream takes its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from gateway.agent.chosen import Chosen, Place
from gateway.agent.control_planes import LOCAL_SOCKET, Beside, ControlPlanes
from gateway.agent.relay import Relay
from gateway.compile import GatewayListener
from gateway.streams import wire
from gateway.streams.wire import node_of_agent

_LISTENER = GatewayListener(host="127.0.0.1", port=1)


async def _goes_at_once(_requests: AsyncIterator[bytes], _context: Any) -> AsyncIterator[bytes]:
    nothing: bytes
    for nothing in ():
        yield nothing


@contextlib.asynccontextmanager
async def _a_control_plane_that_hangs_up() -> AsyncIterator[None]:
    server = grpc.aio.server()
    feeding = grpc.stream_stream_rpc_method_handler(_goes_at_once)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(wire.DISCOVERY, {wire.DELTAS: feeding})])
    server.add_insecure_port(f"unix:{LOCAL_SOCKET}")
    await server.start()
    try:
        yield
    finally:
        await server.stop(0)


async def _visits(beside: Beside, *, number: int) -> None:
    """Return once *number* visits have begun."""
    begun = asyncio.Semaphore(0)

    async def counted(channel: grpc.aio.Channel) -> None:
        begun.release()
        await beside(channel)

    chosen = Chosen(node="gateway-1", envoy="1.40.0", listener=_LISTENER, places=(Place(),), identity=Path(), renewals=Path(), keep_hours=0)
    control_planes = ControlPlanes(chosen, node_of_agent("gateway-1", "1.40.0"), Relay(_LISTENER), beside=[counted], removed=lambda: None)
    async with _a_control_plane_that_hangs_up():
        running = asyncio.create_task(control_planes.run())
        try:
            async with asyncio.timeout(30):
                for _ in range(number):
                    await begun.acquire()
        finally:
            while not running.done():  # also where what is tried here does not hold
                running.cancel()
                await asyncio.wait([running], timeout=0.1)


async def _ends_when_told(_channel: grpc.aio.Channel) -> None:
    await asyncio.Event().wait()


async def _has_to_be_told_twice(_channel: grpc.aio.Channel) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await asyncio.Event().wait()


async def _takes_its_end_for_the_servers(_channel: grpc.aio.Channel) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise grpc.RpcError from None


@pytest.mark.parametrize("beside", [_ends_when_told, _has_to_be_told_twice, _takes_its_end_for_the_servers])
def test_the_next_control_plane_is_visited(beside: Beside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asyncio.run(_visits(beside, number=3))
