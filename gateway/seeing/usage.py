"""How often each API is called, as gateways report it. [pure]

The reports are Envoy's load statistics (its "load reporting service"). Envoy counts the calls of every cluster anyway and there is a
cluster per API, so that counting costs a call nothing. What a gateway has counted since its last report is lost with its process, and what
the old cluster of an API has counted, when a change replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from envoy.service.load_stats.v3.lrs_pb2 import LoadStatsRequest, LoadStatsResponse

from gateway.compile import api_of_cluster

REPORT_EVERY_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many calls there were.

    :ivar calls: all that were for the back end; what the gateway itself refused (a wrong key, no operation) is not among them
    :ivar failed: those of them that got no answer from the back end; its own 5xx are answers
    """

    calls: int = 0
    failed: int = 0

    def __add__(self, other: Self) -> Self:
        """Return both together."""
        return type(self)(calls=self.calls + other.calls, failed=self.failed + other.failed)


def reports_wanted() -> LoadStatsResponse:
    """Return what asks a gateway for reports about all its clusters."""
    wanted = LoadStatsResponse(send_all_clusters=True)
    wanted.load_reporting_interval.seconds = REPORT_EVERY_SECONDS
    return wanted


def counts_of(report: LoadStatsRequest) -> Mapping[int, Count]:
    """Return how many calls were sent to back ends since the report before, by the API's id; failures are known from their log."""
    counts: dict[int, Count] = {}
    for cluster in report.cluster_stats:
        sent = sum(one.total_issued_requests for one in cluster.upstream_locality_stats)
        if sent and (api := api_of_cluster(cluster.cluster_name)) is not None:
            counts[api] = Count(calls=sent)
    return counts
