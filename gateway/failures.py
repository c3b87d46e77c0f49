"""Calls that failed on their way to a back end: what Envoy's log says of them, and what kind of failure that is."""

from __future__ import annotations

from datetime import UTC

from envoy.config.core.v3.base_pb2 import RequestMethod
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry, ResponseFlags

from gateway.compile import api_of_cluster
from gateway.compile.answers import ACTIVITY_HEADER
from gateway.models import FailedCall, FailureKind
from gateway.usage import Count

_LONGEST = 2**31 - 1  # milliseconds that the column holds, 25 days; a stream may last longer
# The letters that Envoy's documents and log formats use for its response flags.
_FLAGS = {
    "no_healthy_upstream": "UH",
    "upstream_request_timeout": "UT",
    "upstream_remote_reset": "UR",
    "upstream_connection_failure": "UF",
    "upstream_connection_termination": "UC",
    "upstream_overflow": "UO",
    "upstream_retry_limit_exceeded": "URX",
    "stream_idle_timeout": "SI",
    "upstream_protocol_error": "UPE",
    "no_cluster_found": "NC",
    "dns_resolution_failure": "DF",
}
_NEVER_SENT = frozenset({"UH", "UF", "UO", "NC", "DF"})  # no connection came about that the call could have been sent over


# The first whose mark is found decides. First in Envoy's reason for a failed connection, then in the details of the response.
_BY_REASON = (
    (FailureKind.NAME_MISMATCH, ("SAN",)),
    (FailureKind.EXPIRED, ("certificate has expired", "certificate_has_expired", "CERTIFICATE_HAS_EXPIRED")),
    (FailureKind.UNVERIFIED, ("CERTIFICATE_VERIFY_FAILED",)),
    (
        FailureKind.CLIENT_CERTIFICATE_REFUSED,
        (
            "ALERT_UNKNOWN_CA",
            "ALERT_CERTIFICATE_",
            "ALERT_BAD_CERTIFICATE",
            "ALERT_HANDSHAKE_FAILURE",
            "ALERT_ACCESS_DENIED",
            "CERTIFICATE_REQUIRED",
        ),
    ),
    (FailureKind.HANDSHAKE, ("TLS_error",)),
)
_BY_DETAILS = (
    (FailureKind.UNREACHABLE, ("connection_timeout", "remote_connection_failure", "delayed_connect_error")),
    (FailureKind.BROKEN_OFF, ("connection_termination", "remote_reset")),
    (FailureKind.NOT_HTTP, ("protocol_error",)),
    (FailureKind.NOT_CONFIGURED, ("cluster_not_found", "no_healthy_upstream")),
    (FailureKind.NO_CREDENTIALS, ("failed_to_inject_credential",)),
    (FailureKind.TIMEOUT, ("timeout",)),
)


def kind_of(transport_failure: str, details: str) -> FailureKind:
    """Return what kind of failure Envoy's words mean."""
    for words, kinds in ((transport_failure, _BY_REASON), (details, _BY_DETAILS)):
        for kind, marks in kinds:
            if any(mark in words for mark in marks):
                return kind
    return FailureKind.OTHER


def failed_call(entry: HTTPAccessLogEntry, *, gateway: str) -> FailedCall | None:
    """Return the row of one log entry, ``None`` if it has no activity id and so cannot be asked for."""
    activity_id = entry.response.response_headers.get(ACTIVITY_HEADER, "")
    if not activity_id:
        return None
    common = entry.common_properties
    address = common.upstream_remote_address.socket_address
    path = entry.request.original_path or entry.request.path
    return FailedCall(
        activity_id=activity_id[:64],
        at=common.start_time.ToDatetime(tzinfo=UTC),
        gateway=gateway,
        api_id=api_of_cluster(common.upstream_cluster),
        method=RequestMethod.Name(entry.request.request_method)[:20],
        path=path.partition("?")[0][:300],
        status=entry.response.response_code.value,
        kind=kind_of(common.upstream_transport_failure_reason, entry.response.response_code_details),
        flags=flags_of(common.response_flags),
        details=entry.response.response_code_details[:500],
        transport_failure=common.upstream_transport_failure_reason[:1000],
        back_end=f"{address.address}:{address.port_value}" if address.address else "",
        milliseconds=min(common.duration.ToMilliseconds(), _LONGEST),
    )


def count_of(call: FailedCall) -> Count:
    """Return what a failed call adds to its API's usage: those that went out are reported as calls by the gateway anyway."""
    return Count(calls=0 if _NEVER_SENT.isdisjoint(call.flags.split(",")) else 1, failed=1)


def flags_of(flags: ResponseFlags) -> str:
    """Return response flags as Envoy's documents write them, for instance ``UF,URX``."""
    return ",".join(letters for name, letters in _FLAGS.items() if getattr(flags, name))
