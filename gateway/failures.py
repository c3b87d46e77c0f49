"""Calls that failed on their way to a back end: what Envoy's log says of them, and what kind of failure that is."""

from __future__ import annotations

import re
from datetime import UTC

from django.db import models
from django.utils.translation import gettext_lazy as _
from envoy.config.core.v3.base_pb2 import RequestMethod
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry, ResponseFlags

from gateway.compile import cluster_name
from gateway.compile.answers import ACTIVITY_HEADER
from gateway.models import FailedCall

_API = re.compile(rf"{re.escape(cluster_name(0).removesuffix('0'))}(\d+)\Z")
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


class Kind(models.TextChoices):
    """What failed; the same distinctions as in the answers that callers get (:mod:`gateway.compile.answers`)."""

    NAME_MISMATCH = "name-mismatch", _("The back end's certificate was not issued for its host name.")
    EXPIRED = "expired", _("The back end's certificate has expired.")
    UNVERIFIED = "unverified", _("The back end's certificate could not be verified.")
    CLIENT_CERTIFICATE_REFUSED = "client-certificate-refused", _("The back end refused the client certificate, or demands one.")
    HANDSHAKE = "handshake", _("The TLS handshake with the back end failed.")
    UNREACHABLE = "unreachable", _("The back end could not be reached.")
    BROKEN_OFF = "broken-off", _("The back end refused the client certificate or broke the connection off before it answered.")
    NOT_CONFIGURED = "not-configured", _("The gateway could not use the settings of this API's back end.")
    NO_CREDENTIALS = "no-credentials", _("The gateway had no credentials to send to the back end.")
    TIMEOUT = "timeout", _("The back end did not answer in time.")
    OTHER = "other", _("The call to the back end failed.")


# The first whose mark is found decides. First in Envoy's reason for a failed connection, then in the details of the response.
_BY_REASON = (
    (Kind.NAME_MISMATCH, ("SAN",)),
    (Kind.EXPIRED, ("certificate has expired", "certificate_has_expired", "CERTIFICATE_HAS_EXPIRED")),
    (Kind.UNVERIFIED, ("CERTIFICATE_VERIFY_FAILED",)),
    (
        Kind.CLIENT_CERTIFICATE_REFUSED,
        (
            "ALERT_UNKNOWN_CA",
            "ALERT_CERTIFICATE_",
            "ALERT_BAD_CERTIFICATE",
            "ALERT_HANDSHAKE_FAILURE",
            "ALERT_ACCESS_DENIED",
            "CERTIFICATE_REQUIRED",
        ),
    ),
    (Kind.HANDSHAKE, ("TLS_error",)),
)
_BY_DETAILS = (
    (Kind.UNREACHABLE, ("connection_timeout", "remote_connection_failure", "delayed_connect_error")),
    (Kind.BROKEN_OFF, ("connection_termination", "remote_reset", "protocol_error")),
    (Kind.NOT_CONFIGURED, ("cluster_not_found", "no_healthy_upstream")),
    (Kind.NO_CREDENTIALS, ("failed_to_inject_credential",)),
    (Kind.TIMEOUT, ("timeout",)),
)


def kind_of(transport_failure: str, details: str) -> Kind:
    """Return what kind of failure Envoy's words mean."""
    for words, kinds in ((transport_failure, _BY_REASON), (details, _BY_DETAILS)):
        for kind, marks in kinds:
            if any(mark in words for mark in marks):
                return kind
    return Kind.OTHER


def failed_call(entry: HTTPAccessLogEntry, *, gateway: str) -> FailedCall | None:
    """Return the row of one log entry, ``None`` if it has no activity id and so cannot be asked for."""
    activity_id = entry.response.response_headers.get(ACTIVITY_HEADER, "")
    if not activity_id:
        return None
    common = entry.common_properties
    api = _API.match(common.upstream_cluster)
    address = common.upstream_remote_address.socket_address
    path = entry.request.original_path or entry.request.path
    return FailedCall(
        activity_id=activity_id[:64],
        at=common.start_time.ToDatetime(tzinfo=UTC),
        gateway=gateway,
        api_id=int(api[1]) if api else None,
        method=RequestMethod.Name(entry.request.request_method)[:20],
        path=path.partition("?")[0][:300],
        status=entry.response.response_code.value,
        kind=kind_of(common.upstream_transport_failure_reason, entry.response.response_code_details),
        flags=flags_of(common.response_flags),
        details=entry.response.response_code_details[:500],
        transport_failure=common.upstream_transport_failure_reason[:1000],
        back_end=f"{address.address}:{address.port_value}" if address.address else "",
        milliseconds=common.duration.ToMilliseconds(),
    )


def flags_of(flags: ResponseFlags) -> str:
    """Return response flags as Envoy's documents write them, for instance ``UF,URX``."""
    return ",".join(letters for name, letters in _FLAGS.items() if getattr(flags, name))
