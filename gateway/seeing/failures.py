"""Calls that failed on their way to a back end: what Envoy's log says of them, and what kind of failure that is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import QuerySet
from envoy.config.core.v3.base_pb2 import RequestMethod
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry, ResponseFlags

from apis.models import Api
from apis.policy.failure import FAILURE_HEADER
from certificates.models import CertificateVersion, Kind
from gateway.compile import api_of_cluster
from gateway.compile.names import ACTIVITY_HEADER, PRESENTS
from gateway.models import FailedCall, FailureKind

_LONGEST = 2**31 - 1  # milliseconds that the column holds, 25 days; a stream may last longer
_LONGEST_API_PATH = 400
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


def kind_of(said: str) -> FailureKind:
    """Return the kind that the gateway *said* in its answer; one that is not known here, from a gateway of another version, is "other"."""
    return FailureKind(said) if said in FailureKind.values else FailureKind.OTHER


def failed_call(entry: HTTPAccessLogEntry, *, gateway: str) -> FailedCall | None:
    """Return the row of one log entry, ``None`` if it has no activity id and so cannot be asked for."""
    activity_id = entry.response.response_headers.get(ACTIVITY_HEADER, "")
    if not activity_id:
        return None
    common = entry.common_properties
    address = common.upstream_remote_address.socket_address
    call = FailedCall(
        activity_id=activity_id[:64],
        at=common.start_time.ToDatetime(tzinfo=UTC),
        gateway=gateway,
        api_id=api_of_cluster(common.upstream_cluster),
        method=RequestMethod.Name(entry.request.request_method)[:20],
        path=entry.request.path.partition("?")[0],
        status=entry.response.response_code.value,
        kind=kind_of(entry.response.response_headers.get(FAILURE_HEADER, "")),
        flags=flags_of(common.response_flags),
        details=entry.response.response_code_details[:500],
        transport_failure=common.upstream_transport_failure_reason[:1000],
        back_end=f"{address.address}:{address.port_value}" if address.address else "",
        milliseconds=min(common.duration.ToMilliseconds(), _LONGEST),
    )
    call.presents = common.custom_tags.get(PRESENTS, "")
    return call


def complete(calls: Collection[FailedCall]) -> None:
    """Fill in what only the rows say of *calls*.

    That is the API, also of a call that its gateway had no cluster for; the path as the caller wrote it; and the certificate that was
    presented, which may be another one when somebody looks.
    """
    known = _with_certificate().in_bulk({call.api_id for call in calls if call.api_id})
    by_path = _with_certificate().in_bulk({path for call in calls if not call.api_id for path in paths_above(call.path)}, field_name="path")
    presented = versions_by_thumbprint({call.presents for call in calls if call.presents})
    for call in calls:
        if call.api_id:  # the gateway has named what it presented, or there was nothing: by now the API may present another
            call.api = api = known.get(call.api_id)
            call.path = callers_path(call.path, api) if api else call.path
            call.presented_id = presented.get(call.presents)
        else:
            call.api = api = next((by_path[path] for path in paths_above(call.path) if path in by_path), None)
            call.presented_id = api.certificate.current_id if api and api.certificate else None
        call.path = call.path[:300]


def callers_path(forwarded: str, api: Api) -> str:
    """Return the path that a caller wrote, from the one that the back end of *api* was asked for."""
    service = urlsplit(api.service_url).path.rstrip("/")
    if not forwarded.startswith(service):
        return forwarded  # the Web service URL has been changed meanwhile
    rest = forwarded.removeprefix(service)
    base = f"/{api.path}" if api.path else ""
    return base if base and rest == "/" else base + rest


def paths_above(path: str) -> list[str]:
    """Return the paths that an API which takes calls to *path* may have, the longest first."""
    segments = path.strip("/").split("/")
    above = ("/".join(segments[:length]) for length in range(len(segments), -1, -1))
    return [one for one in above if len(one) <= _LONGEST_API_PATH]


def versions_by_thumbprint(thumbprints: Collection[str]) -> dict[str, UUID]:
    """Return the client certificates' versions by thumbprint."""
    versions = CertificateVersion.objects.filter(kind=Kind.CLIENT, thumbprint__in=thumbprints)
    return dict(versions.values_list("thumbprint", "pk"))


def _with_certificate() -> QuerySet[Api]:
    return Api.objects.select_related("certificate").only("path", "service_url", "certificate__current")


def flags_of(flags: ResponseFlags) -> str:
    """Return response flags as Envoy's documents write them, for instance ``UF,URX``."""
    return ",".join(letters for name, letters in _FLAGS.items() if getattr(flags, name))
