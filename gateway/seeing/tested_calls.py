"""What Envoy's log says of the portal's own test calls."""

from __future__ import annotations

from dataclasses import dataclass

from envoy.data.accesslog.v3.accesslog_pb2 import AccessLogCommon, HTTPAccessLogEntry

from apis.console.marks import trace_of
from apis.console.telling import Told
from gateway.compile import api_of_cluster
from gateway.compile.answers.tested_calls import POINTS, PROTOCOL, TIMES, TLS, TRACE
from gateway.compile.names import OPERATION, PRESENTS
from portal.whole_numbers import whole_number

_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedCall:
    """One call, by its id.

    :ivar api_id: whose back end it went to; ``None``: it went to none
    """

    __test__ = False  # not a test, whatever its name

    trace: str
    api_id: int | None
    gateway: str
    told: Told


def is_tested(entry: HTTPAccessLogEntry) -> bool:
    """Return whether an entry is of the log of test calls."""
    return TRACE in entry.common_properties.custom_tags


def tested_call(entry: HTTPAccessLogEntry, *, gateway: str) -> TestedCall | None:
    """Return what one log entry says, ``None`` if it is of no test call of ours."""
    common = entry.common_properties
    trace = trace_of(common.custom_tags.get(TRACE, ""))
    if not trace:
        return None
    api_id = api_of_cluster(common.upstream_cluster)
    return TestedCall(trace=trace, api_id=api_id, gateway=gateway, told=_told(entry, common))


def _told(entry: HTTPAccessLogEntry, common: AccessLogCommon) -> Told:
    tags = common.custom_tags
    times = dict(zip(POINTS, (whole_number(one) for one in tags.get(TIMES, "").split(" ")), strict=False))
    address = common.upstream_remote_address.socket_address
    before = times.get("US_CX_BEG:DS_RX_BEG")
    kept = before is not None
    return Told(
        operation=tags.get(OPERATION, "")[:_LONGEST],
        details=entry.response.response_code_details[:_LONGEST],
        presents=tags.get(PRESENTS, "")[:_LONGEST],
        back_end=f"{address.address}:{address.port_value}" if address.address else "",
        protocol=_known(tags.get(PROTOCOL, "")),
        tls=_known(tags.get(TLS, "")),
        is_kept=kept if address.address else None,
        tries=common.upstream_request_attempt_count,
        received=times.get("DS_RX_BEG:DS_RX_END"),
        connected=None if kept else times.get("US_CX_BEG:US_CX_END"),
        shaken=None if kept else times.get("US_CX_END:US_HS_END"),
        sent=times.get("DS_RX_BEG:US_TX_BEG"),
        answered=times.get("US_TX_BEG:US_RX_BEG"),
        passed_on=times.get("US_RX_BEG:DS_TX_END"),
    )


def _known(text: str) -> str:
    """Return what a formatter has written, nothing where it knew nothing."""
    return "" if set(text) <= {"-", " "} else text[:_LONGEST]
