"""Reads what Envoy has counted, every few seconds, and hands it on. While no control plane is there, a reading a minute is kept. [pure]

Envoy's counters are totals, and so are readings: nothing is lost or counted twice, whoever dies meanwhile. A reading is taken, too, as soon
as Envoy has accepted another cluster, because what was counted until then was counted under the certificate before.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import grpc
from envoy.config.cluster.v3.cluster_pb2 import Cluster

from gateway.agent.admin_page import connection_to, get
from gateway.agent.chosen import Chosen
from gateway.agent.relay import Relay
from gateway.compile import api_of_cluster
from gateway.compile.names import METADATA, PRESENTS
from gateway.compile.resource import CLUSTER
from gateway.seeing.readings import COUNTERS, LATENCIES, METHOD, UNAUTHORIZED, Counters, Reading, counters_of, latencies_of
from gateway.streams.wire import NODE

log = logging.getLogger(__name__)

_EVERY_SECONDS = 2.0
_MORE_SECONDS, _MOST_SECONDS = 0.05, 30.0  # for each API that was called: the control plane has so many rows to write
_SHARE = 50  # no more of the time is spent on reading than one part in so many: Envoy's main thread does it, which also takes changes
_SHARE_OF_LATENCIES = 200
_ANSWER_SECONDS = 30.0
_ANSWER_FIRST_SECONDS = 0.002  # for the word that a change is live, which is on its way when it has been accepted
_MOST_KEPT = 1440  # minutes without a control plane that are told apart afterwards


@dataclass(slots=True)
class _Kept:
    """A reading that is yet to be handed on, and when it was taken (a monotonic clock)."""

    reading: Reading
    at: float

    def takes_in(self, other: _Kept) -> bool:
        """Return whether *other*, the next, can become a part of this one: of the same minute, and of the same Envoy."""
        return int(self.at // 60) == int(other.at // 60) and self.reading.envoy == other.reading.envoy


class Counting:
    """What one Envoy has counted, on its way."""

    def __init__(self, chosen: Chosen, relay: Relay, *, unauthorized: Callable[[int], None]) -> None:
        """Take where Envoy's admin page is, and whose clusters it has.

        :param unauthorized: told of each API whose back end has answered 401 since it was looked
        """
        self._chosen = chosen
        self._relay = relay
        self._known: dict[str, Counters] = {}  # what the newest reading says, by series
        self._envoy = ""
        self._presented: dict[str, str] = {}
        self._unauthorized = unauthorized
        self._were_unauthorized: dict[str, int] = {}  # how often, by series
        self._waiting: list[_Kept] = []
        self._something = asyncio.Event()
        self._changed = 0  # series, in the newest reading
        self._latencies_at = float("-inf")  # when to read them next

    async def run(self) -> None:
        """Read for ever."""
        self._note_presented()
        while True:
            self._relay.clusters_changed.clear()
            await asyncio.sleep(_ANSWER_FIRST_SECONDS)
            began = time.monotonic()
            try:
                self._take(*await asyncio.to_thread(self._read), at=began)
            except (OSError, http.client.HTTPException, ValueError) as error:  # Envoy is not there, or not yet
                log.debug("Envoy's counters could not be read: %s", error)
            self._note_presented()
            took = time.monotonic() - began
            await asyncio.sleep(took)  # many changes in a row must not be followed by as many readings
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._relay.clusters_changed.wait(), max(self._pause(), _SHARE * took))

    async def hand_on(self, channel: grpc.aio.Channel) -> None:
        """Send readings, those kept and those to come, until the control plane is gone.

        :raises grpc.RpcError: when it is
        """
        send = channel.unary_unary(METHOD, bytes, bytes)
        if self._known:  # what another control plane was told, it may have been unable to write
            self._keep(_Kept(self._reading(self._known), time.monotonic()))
        while True:
            await self._something.wait()
            while self._waiting:
                first = self._waiting[0]
                said = first.reading.encoded(age=time.monotonic() - first.at)
                await send(said, metadata=((NODE, self._chosen.node),), timeout=_ANSWER_SECONDS)
                if self._waiting and self._waiting[0] is first:
                    del self._waiting[0]
            self._something.clear()

    def _pause(self) -> float:
        return max(_EVERY_SECONDS, min(_MOST_SECONDS, _MORE_SECONDS * self._changed))

    def _take(self, envoy: str, series: dict[str, dict[str, int]], *, at: float) -> None:
        known = self._known if envoy == self._envoy else {}
        self._tell_unauthorized({name: counters.pop(UNAUTHORIZED) for name, counters in series.items() if UNAUTHORIZED in counters})
        series = {name: {**known.get(name, {}), **counters} for name, counters in series.items()}  # latencies are not in all of them
        changed = {name: counters for name, counters in series.items() if known.get(name) != counters}
        self._envoy, self._known, self._changed = envoy, {**known, **changed}, len(changed)
        if changed:
            self._keep(_Kept(self._reading(changed), at))

    def _tell_unauthorized(self, answers: dict[str, int]) -> None:
        for name, often in answers.items() if self._envoy else ():  # what stood there before us is no news
            api = api_of_cluster(name)
            if api is not None and often != self._were_unauthorized.get(name):
                self._unauthorized(api)
        self._were_unauthorized = answers

    def _reading(self, series: Mapping[str, Counters]) -> Reading:
        presented = {name: self._presented[name] for name in series if name in self._presented}
        return Reading(envoy=self._envoy, number=time.time_ns(), series=series, presented=presented)

    def _keep(self, kept: _Kept) -> None:
        """Keep a reading until it is handed on, as part of the one before where that is of the same minute and has not been begun with."""
        if len(self._waiting) > 1 and self._waiting[-1].takes_in(kept):
            self._waiting[-1] = _Kept(self._waiting[-1].reading.followed_by(kept.reading), kept.at)
        else:
            self._waiting.append(kept)
        while len(self._waiting) > _MOST_KEPT and self._waiting[0].reading.envoy == self._waiting[1].reading.envoy:
            second = self._waiting.pop(1)
            self._waiting[0] = _Kept(self._waiting[0].reading.followed_by(second.reading), second.at)
        self._something.set()

    def _note_presented(self) -> None:
        """Note under which certificate each cluster's calls are counted from now on."""
        for name in [name for name in self._relay.new_clusters if api_of_cluster(name) is not None]:
            if resource := self._relay.good.get((CLUSTER, name)):
                said = dict(Cluster.FromString(resource.body).metadata.filter_metadata[METADATA])
                self._presented[name] = said.get(PRESENTS, "")
        self._relay.new_clusters.clear()

    def _read(self) -> tuple[str, dict[str, dict[str, int]]]:
        """Return which Envoy it is, and its counters; now and then the latencies, too, which take it longer.

        :raises OSError: if it does not answer
        :raises http.client.HTTPException: if it does not answer
        :raises ValueError: if its answer is not understood
        """
        connection = connection_to(self._chosen)  # one for all questions, so that the same process answers
        try:
            envoy = json.loads(get(connection, "/server_info")).get("command_line_options", {}).get("service_zone", "")
            series = counters_of(get(connection, COUNTERS))
            if time.monotonic() >= self._latencies_at:
                began = time.monotonic()
                latencies = get(connection, LATENCIES)
                took = time.monotonic() - began
                self._latencies_at = began + max(_EVERY_SECONDS, _SHARE_OF_LATENCIES * took)
                for name, counters in latencies_of(latencies).items():
                    series.setdefault(name, {}).update(counters)
            return str(envoy), series
        finally:
            connection.close()
