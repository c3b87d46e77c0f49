"""What Envoy reports, on its way to a control plane: calls that failed, kept while none is there, and test calls."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import grpc
from envoy.config.core.v3.base_pb2 import Node
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from envoy.service.accesslog.v3.als_pb2 import StreamAccessLogsMessage, StreamAccessLogsResponse

from gateway.compile.answers.tested_calls import TRACE
from gateway.streams import wire

_MOST_KEPT = 10_000  # failed calls; as many as the portal keeps
_MOST_IN_A_MESSAGE = 100
_MOST_TESTED = 50  # test calls that wait; people make few


class Reports:
    """Takes what Envoy reports and hands it on; in the loop's thread."""

    def __init__(self, node: Node) -> None:
        """Begin with nothing.

        :param node: who we are, as each message says
        """
        self._node = node
        self._failed: deque[HTTPAccessLogEntry] = deque(maxlen=_MOST_KEPT)
        self._tested: deque[HTTPAccessLogEntry] = deque(maxlen=_MOST_TESTED)
        self._something_failed = asyncio.Event()

    async def logs(self, messages: AsyncIterator[StreamAccessLogsMessage], _context: Any) -> StreamAccessLogsResponse:
        """Take in failed calls, and test calls, until Envoy hangs up."""
        async for message in messages:
            for entry in message.http_logs.log_entry:
                (self._tested if TRACE in entry.common_properties.custom_tags else self._failed).append(entry)
            self._something_failed.set()
        return StreamAccessLogsResponse()

    async def hand_on_failed_calls(self, channel: grpc.aio.Channel) -> None:
        """Send failed calls, those kept and those to come, until the control plane hangs up.

        :raises grpc.RpcError: when it does
        """
        call = channel.stream_unary(_method(wire.LOGS, wire.FAILED_CALLS), *_coders(wire.LOG_MESSAGES))(None)
        while True:
            await _either(self._something_failed, call)
            self._something_failed.clear()
            tested, self._tested = list(self._tested), deque(maxlen=_MOST_TESTED)
            if tested:
                await call.write(self._message(tested))  # if that fails, nobody waits for them any more
            while self._failed:
                entries = [self._failed.popleft() for _ in range(min(_MOST_IN_A_MESSAGE, len(self._failed)))]
                try:
                    await call.write(self._message(entries))
                except (grpc.RpcError, asyncio.InvalidStateError):
                    self._failed.extendleft(reversed(entries))
                    self._something_failed.set()
                    raise

    def _message(self, entries: list[HTTPAccessLogEntry]) -> StreamAccessLogsMessage:
        message = StreamAccessLogsMessage(identifier=StreamAccessLogsMessage.Identifier(node=self._node, log_name="failed-calls"))
        message.http_logs.log_entry.extend(entries)
        return message


def _method(service: str, method: str) -> str:
    return f"/{service}/{method}"


def _coders(messages: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return how what we send is written, and how what we are sent is read."""
    sent, read = messages
    return sent.SerializeToString, read.FromString


async def _either(event: asyncio.Event, call: Any) -> None:
    """Wait for *event*.

    :raises grpc.RpcError: if *call* ends meanwhile
    """
    waiting = asyncio.ensure_future(event.wait())
    ended = asyncio.ensure_future(call.code())
    try:
        await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done() and not waiting.done():
            raise grpc.RpcError
    finally:
        waiting.cancel()
        ended.cancel()
