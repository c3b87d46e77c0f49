"""The log of failed calls: sent to the control plane, so that an activity id finds Envoy's own words in the portal. [pure]

Only calls that failed towards the back end are logged: an untroubled call pays nothing for it.
"""

from __future__ import annotations

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog, AccessLogFilter, ResponseFlagFilter
from envoy.config.core.v3.config_source_pb2 import ApiVersion
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.extensions.access_loggers.grpc.v3.als_pb2 import CommonGrpcAccessLogConfig, HttpGrpcAccessLogConfig

from gateway.compile.answers import ACTIVITY_HEADER
from gateway.compile.names import XDS_CLUSTER
from gateway.compile.resource import pack

LOG_NAME = "failed-calls"
# Failed connections, resets, no hosts, no cluster, timeouts, overload of a back end. Not what callers have done wrong or given up.
_FAILURE_FLAGS = ("UF", "UC", "UR", "UH", "NC", "UT", "SI", "UO", "URX", "UPE")


def failed_calls_log() -> AccessLog:
    """Return the log; its stream goes to the cluster of the control plane, and what it cannot deliver is dropped, not kept."""
    common = CommonGrpcAccessLogConfig(
        log_name=LOG_NAME,
        grpc_service=GrpcService(envoy_grpc=GrpcService.EnvoyGrpc(cluster_name=XDS_CLUSTER)),
        transport_api_version=ApiVersion.V3,
    )
    common.buffer_flush_interval.FromMilliseconds(100)
    config = HttpGrpcAccessLogConfig(common_config=common, additional_response_headers_to_log=[ACTIVITY_HEADER])
    return AccessLog(
        name="envoy.access_loggers.http_grpc",
        filter=AccessLogFilter(response_flag_filter=ResponseFlagFilter(flags=_FAILURE_FLAGS)),
        typed_config=pack(config),
    )
