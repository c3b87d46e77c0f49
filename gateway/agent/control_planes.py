"""The agent's way to its control planes: one at a time, the next as soon as one is gone, over the certificate it was enrolled with."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import grpc
from envoy.config.core.v3.base_pb2 import Node

from gateway.agent import identity
from gateway.agent.chosen import Chosen, Place
from gateway.agent.relay import Relay
from gateway.agent.renewing import Renewed
from gateway.streams import wire
from gateway.streams.stream import Request

log = logging.getLogger(__name__)

LOCAL_SOCKET = "xds.sock"  # relative to PORTAL_HOME, where the agent runs: a socket's path may have 107 bytes only
_CONNECT_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0  # after all were tried
_TOLD_AGAIN_SECONDS = 0.1  # until what is to end is told so once more
_AGAIN_SECONDS = 5.0  # until what has ended beside the stream begins again
_TURNED_AWAY_SECONDS = 5.0  # after which a gateway counts as removed: a new certificate is known everywhere only a moment later
_OPTIONS = (
    ("grpc.keepalive_time_ms", 1_000),  # one whose machine is gone, or that stands still, is noticed within two seconds
    ("grpc.keepalive_timeout_ms", 1_000),
    ("grpc.http2.ping_timeout_ms", 1_000),  # else a minute, whatever the line before says
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.use_local_subchannel_pool", 1),  # a new channel does not wait because an old one failed
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_retries", 0),
)
Beside = Callable[[grpc.aio.Channel], Coroutine[Any, Any, None]]


class ControlPlanes:
    """Keeps a stream to one of the control planes.

    :ivar there: whether one is feeding us
    :ivar tried: set once each of them has been asked, and none has gone on feeding us
    """

    def __init__(self, chosen: Chosen, node: Node, relay: Relay, *, beside: Sequence[Beside], removed: Callable[[], None]) -> None:
        """Take what the stream feeds.

        :param beside: what else runs over the channel, as long as it lasts
        :param removed: called when the control planes have said for a while that this gateway may not come
        """
        self._chosen = chosen
        self._node = node
        self._relay = relay
        self._beside = beside
        self._removed = removed
        self._turned_away_since: float | None = None
        self._not_turned_away = asyncio.Event()
        self._not_turned_away.set()
        self.there, self.tried = False, asyncio.Event()

    async def not_turned_away(self) -> None:
        """Wait as long as control planes say that this gateway may not come."""
        await self._not_turned_away.wait()

    async def run(self) -> None:
        """Keep the stream for ever."""
        pause = _FIRST_PAUSE
        said: dict[Place, str] = {}
        for number, place in enumerate(itertools.cycle(self._chosen.places), start=1):
            began = time.monotonic()
            reason = await self._visit(place)
            if time.monotonic() - began > _LONGEST_PAUSE + _CONNECT_SECONDS:  # it was a visit
                pause = _FIRST_PAUSE
                said.clear()
            if said.get(place) != reason:
                said[place] = reason
                log.warning("The control plane on %s: %s", place, reason)
            if number % len(self._chosen.places) == 0:
                self.tried.set()
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _visit(self, place: Place) -> str:
        """Serve Envoy from one control plane until it is gone; return why it is."""
        try:
            async with self._channel(place) as channel:
                await _connect(channel)
                await _first_to_end(self._feed(channel, place), *(_again_and_again(work, channel) for work in self._beside))
        except (identity.NotEnrolled, Renewed) as error:
            return str(error)
        except TimeoutError:
            return "no answer"
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.PERMISSION_DENIED:
                self._turned_away()
                return "this gateway is not enrolled (any more)"
            return error.details() or str(error.code())
        return "it has hung up"

    def _channel(self, place: Place) -> grpc.aio.Channel:
        if not place.host:
            return grpc.aio.insecure_channel(f"unix:{LOCAL_SOCKET}", options=_OPTIONS)
        own = identity.read(self._chosen.identity, self._chosen.renewals)
        if own.has_ended(datetime.now(UTC)):
            raise identity.NotEnrolled(
                "the gateway's certificate has ended; remove the gateway in the portal, add it again, unpack the new one"
            )
        credentials = grpc.ssl_channel_credentials(own.authority, own.private_key, own.certificate)
        return grpc.aio.secure_channel(str(place), credentials, options=_OPTIONS)

    async def _feed(self, channel: grpc.aio.Channel, place: Place) -> None:
        """Hand on what comes, and what is said to it.

        :raises grpc.aio.AioRpcError: if the control plane breaks off
        """
        request, response = wire.DELTA_MESSAGES
        call = channel.stream_stream(f"/{wire.DISCOVERY}/{wire.DELTAS}", request.SerializeToString, response.FromString)(None)
        answers: asyncio.Queue[Request] = asyncio.Queue()
        self._relay.begin(answers.put_nowait)
        try:
            await _first_to_end(self._hear(call, place), self._say(call, answers))
        finally:
            self.there = False

    async def _hear(self, call: Any, place: Place) -> None:
        async for message in call:
            if not self.there:
                self.there, self._turned_away_since = True, None
                self._not_turned_away.set()
                log.info("Connected to the control plane on %s.", place)
            self._relay.receive(message)

    async def _say(self, call: Any, answers: asyncio.Queue[Request]) -> None:
        with contextlib.suppress(grpc.RpcError, asyncio.InvalidStateError):
            for number in itertools.count():
                message = wire.message_of(await answers.get())
                if number == 0:
                    message.node.CopyFrom(self._node)
                await call.write(message)
        await asyncio.Event().wait()  # it is over; why, whoever listens is told

    def _turned_away(self) -> None:
        now = time.monotonic()
        self._turned_away_since = self._turned_away_since or now
        self._not_turned_away.clear()
        if now - self._turned_away_since >= _TURNED_AWAY_SECONDS:
            self._removed()


async def _connect(channel: grpc.aio.Channel) -> None:
    """Wait until *channel* is connected, or has failed: then the first call says why.

    :raises TimeoutError: if neither happens in time
    """
    async with asyncio.timeout(_CONNECT_SECONDS):
        while (state := channel.get_state(try_to_connect=True)) not in {
            grpc.ChannelConnectivity.READY,
            grpc.ChannelConnectivity.TRANSIENT_FAILURE,
        }:
            await channel.wait_for_state_change(state)


async def _first_to_end(*works: Coroutine[Any, Any, None]) -> None:
    """Do *works* side by side until one of them ends, or raises what this then raises, too; the others are broken off."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _break_off(tasks)
    for task in tasks:
        if task in done:
            task.result()


async def _break_off(tasks: Sequence[asyncio.Task[None]]) -> None:
    """End *tasks*, each told again until it has.

    A call of grpc.aio that has had no answer yet takes a cancellation for its own end, and says instead why the server is gone.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_TOLD_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(work: Beside, channel: grpc.aio.Channel) -> None:
    while True:
        await _until_gone(work(channel))
        await asyncio.sleep(_AGAIN_SECONDS)


async def _until_gone(work: Coroutine[Any, Any, None]) -> None:
    """Do *work* until the control plane is gone, or says that it has no part in it."""
    with contextlib.suppress(grpc.RpcError, asyncio.InvalidStateError):
        await work
