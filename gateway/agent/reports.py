"""What Envoy reports, on its way to a control plane: calls that failed, and how often each API was called. Kept while none is there."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from typing import Any

import grpc
from envoy.config.core.v3.base_pb2 import Node
from envoy.config.endpoint.v3.load_report_pb2 import ClusterStats, UpstreamLocalityStats
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from envoy.service.accesslog.v3.als_pb2 import StreamAccessLogsMessage, StreamAccessLogsResponse
from envoy.service.load_stats.v3.lrs_pb2 import LoadStatsRequest, LoadStatsResponse

from gateway.seeing.usage import reports_wanted
from gateway.streams import wire

_MOST_KEPT = 10_000  # failed calls; as many as the portal keeps
_MOST_IN_A_MESSAGE = 100


class Reports:
    """Takes what Envoy reports and hands it on; in the loop's thread."""

    def __init__(self, node: Node) -> None:
        """Begin with nothing.

        :param node: who we are, as each message says
        """
        self._node = node
        self._failed: deque[HTTPAccessLogEntry] = deque(maxlen=_MOST_KEPT)
        self._called: Counter[str] = Counter()  # by cluster
        self._something_failed, self._something_called = asyncio.Event(), asyncio.Event()

    async def logs(self, messages: AsyncIterator[StreamAccessLogsMessage], _context: Any) -> StreamAccessLogsResponse:
        """Take in failed calls until Envoy hangs up."""
        async for message in messages:
            self._failed.extend(message.http_logs.log_entry)
            self._something_failed.set()
        return StreamAccessLogsResponse()

    async def loads(self, reports: AsyncIterator[LoadStatsRequest], _context: Any) -> AsyncIterator[LoadStatsResponse]:
        """Ask for reports of how often each cluster is called, and add them up until Envoy hangs up."""
        asked = False
        async for report in reports:
            if not asked:
                asked = True
                yield reports_wanted()
            for cluster in report.cluster_stats:
                self._called[cluster.cluster_name] += sum(one.total_issued_requests for one in cluster.upstream_locality_stats)
            self._called = +self._called  # without those that were not called
            if self._called:
                self._something_called.set()

    async def hand_on_failed_calls(self, channel: grpc.aio.Channel) -> None:
        """Send failed calls, those kept and those to come, until the control plane hangs up.

        :raises grpc.RpcError: when it does
        """
        call = channel.stream_unary(_method(wire.LOGS, wire.FAILED_CALLS), *_coders(wire.LOG_MESSAGES))(None)
        while True:
            await _either(self._something_failed, call)
            self._something_failed.clear()
            while self._failed:
                entries = [self._failed.popleft() for _ in range(min(_MOST_IN_A_MESSAGE, len(self._failed)))]
                message = StreamAccessLogsMessage(identifier=StreamAccessLogsMessage.Identifier(node=self._node, log_name="failed-calls"))
                message.http_logs.log_entry.extend(entries)
                try:
                    await call.write(message)
                except (grpc.RpcError, asyncio.InvalidStateError):
                    self._failed.extendleft(reversed(entries))
                    self._something_failed.set()
                    raise

    async def hand_on_counts(self, channel: grpc.aio.Channel) -> None:
        """Send counts, those kept and those to come, until the control plane hangs up.

        :raises grpc.RpcError: when it does
        """
        call = channel.stream_stream(_method(wire.LOADS, wire.LOAD_REPORTS), *_coders(wire.LOAD_MESSAGES))(None)
        await call.write(LoadStatsRequest(node=self._node))
        await call.read()  # what it wants is what we have: every cluster, as Envoy reports
        while True:
            await _either(self._something_called, call)
            self._something_called.clear()
            called, self._called = self._called, Counter()
            try:
                await call.write(LoadStatsRequest(node=self._node, cluster_stats=[_stats(*one) for one in called.items()]))
            except (grpc.RpcError, asyncio.InvalidStateError):
                self._called.update(called)
                self._something_called.set()
                raise


def _stats(cluster: str, calls: int) -> ClusterStats:
    return ClusterStats(cluster_name=cluster, upstream_locality_stats=[UpstreamLocalityStats(total_issued_requests=calls)])


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
