"""Gateways that are no more than their end of the stream: they take what they are sent, acknowledge it, and say when they had it.

``python -m benchmarks.simulated ADDRESS FOLDER…``: one gateway for each folder, which holds what its enrolment has given it. Each line
that it writes is JSON: which gateway, which change (0: it was filled), when (CLOCK_MONOTONIC), and how many bytes it was sent so far.
SIGUSR1 makes the first of them stall: it reads no more.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from gateway.agent import identity
from gateway.streams import wire
from gateway.streams.delta import WILDCARD
from gateway.streams.stream import BARRIER, TYPES, Request

_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1))
_PAUSE_SECONDS = 0.2


class Simulated:
    """One gateway."""

    def __init__(self, folder: Path) -> None:
        """Be the one that was enrolled in *folder*."""
        self._name = folder.name
        self._own = identity.read(folder, folder / "renewals")
        self._bytes = 0
        self.reads = asyncio.Event()
        self.reads.set()

    async def run(self, address: str) -> None:
        """Take what comes, for ever; come again where a stream ends, as agents do."""
        while True:
            try:
                await self._follow(address)
            except grpc.aio.AioRpcError as error:
                print(f"{self._name}: {error.code().name}, {error.details()}", file=sys.stderr, flush=True)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _follow(self, address: str) -> None:
        credentials = grpc.ssl_channel_credentials(self._own.authority, self._own.private_key, self._own.certificate)
        async with grpc.aio.secure_channel(address, credentials, options=_OPTIONS) as channel:
            request, response = wire.DELTA_MESSAGES
            ways = channel.stream_stream(f"/{wire.DISCOVERY}/{wire.DELTAS}", request.SerializeToString, response.FromString)
            call = ways(None)
            first = wire.message_of(Request(type_url=TYPES[0], subscribe=(WILDCARD,), initial={}))
            first.node.CopyFrom(wire.node_of_agent(self._name, "1.40.0"))
            await call.write(first)
            for type_url in (*TYPES[1:], BARRIER):
                await call.write(wire.message_of(Request(type_url=type_url, subscribe=(WILDCARD,), initial={})))
            async for message in call:
                await self.reads.wait()
                await self._take(call, message)

    async def _take(self, call: Any, message: DeltaDiscoveryResponse) -> None:
        self._bytes += message.ByteSize()
        line = 0 if message.type_url == BARRIER else wire.line_of(message)
        at = time.monotonic()
        await call.write(wire.message_of(Request(type_url=message.type_url, nonce=message.nonce)))
        print(json.dumps({"gateway": self._name, "line": line, "at": at, "bytes": self._bytes}), flush=True)


async def main(address: str, folders: list[Path]) -> None:
    """Be all of them."""
    gateways = [Simulated(folder) for folder in folders]
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, gateways[0].reads.clear)
    await asyncio.gather(*(gateway.run(address) for gateway in gateways))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], [Path(folder) for folder in sys.argv[2:]]))
