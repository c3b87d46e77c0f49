"""The log of failed calls: sent to the control plane, so that an activity id finds Envoy's own words in the portal. [pure]

Only calls that the gateway itself answers with a failure are logged: an untroubled call pays nothing for it.
"""

from __future__ import annotations

from envoy.config.accesslog.v3.accesslog_pb2 import (
    AccessLog,
    AccessLogFilter,
    AndFilter,
    ComparisonFilter,
    ExtensionFilter,
    StatusCodeFilter,
)
from envoy.config.core.v3.base_pb2 import RuntimeUInt32
from envoy.config.core.v3.config_source_pb2 import ApiVersion
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.extensions.access_loggers.filters.cel.v3.cel_pb2 import ExpressionFilter
from envoy.extensions.access_loggers.grpc.v3.als_pb2 import CommonGrpcAccessLogConfig, HttpGrpcAccessLogConfig

from apis.policy.failure import FAILURE_HEADER
from gateway.compile.names import ACTIVITY_HEADER, XDS_CLUSTER
from gateway.compile.resource import pack

LOG_NAME = "failed-calls"
_NOT_THE_BACK_ENDS_OWN = "response.code_details != 'via_upstream'"


def failed_calls_log() -> AccessLog:
    """Return the log; its stream goes to the cluster of the control plane, and what it cannot deliver is dropped, not kept."""
    common = CommonGrpcAccessLogConfig(
        log_name=LOG_NAME,
        grpc_service=GrpcService(envoy_grpc=GrpcService.EnvoyGrpc(cluster_name=XDS_CLUSTER)),
        transport_api_version=ApiVersion.V3,
    )
    common.buffer_flush_interval.FromMilliseconds(100)
    config = HttpGrpcAccessLogConfig(common_config=common, additional_response_headers_to_log=[ACTIVITY_HEADER, FAILURE_HEADER])
    return AccessLog(
        name="envoy.access_loggers.http_grpc",
        filter=_failed_in_the_gateway(),
        typed_config=pack(config),
    )


def _failed_in_the_gateway() -> AccessLogFilter:
    """Return the filter: first by status, which is cheap and all that an untroubled call meets."""
    failed = ComparisonFilter(op=ComparisonFilter.GE, value=RuntimeUInt32(default_value=500, runtime_key="failed-calls.status"))
    ours = ExtensionFilter(
        name="envoy.access_loggers.extension_filters.cel", typed_config=pack(ExpressionFilter(expression=_NOT_THE_BACK_ENDS_OWN))
    )
    both = [AccessLogFilter(status_code_filter=StatusCodeFilter(comparison=failed)), AccessLogFilter(extension_filter=ours)]
    return AccessLogFilter(and_filter=AndFilter(filters=both))
