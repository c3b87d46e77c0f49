"""The log of the portal's own test calls: what the gateway did with each, for the person who made it. [pure]

A test call carries a W3C trace context: an id in ``traceparent`` that nobody else knows, and our entry in ``tracestate``. Ordinary calls
pay for one look at a header at their end. Whoever sends that entry unasked has its calls logged and thrown away: only ids that the portal
waits for are taken.
"""

from __future__ import annotations

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog, AccessLogFilter, HeaderFilter
from envoy.config.core.v3.config_source_pb2 import ApiVersion
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.extensions.access_loggers.grpc.v3.als_pb2 import CommonGrpcAccessLogConfig, HttpGrpcAccessLogConfig
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from envoy.type.metadata.v3.metadata_pb2 import MetadataKey, MetadataKind
from envoy.type.tracing.v3.custom_tag_pb2 import CustomTag

from apis.console.marks import STATE_HEADER, TRACE_HEADER, TRACE_STATE
from gateway.compile.names import METADATA, OPERATION, OPERATION_METADATA, PRESENTS, XDS_CLUSTER
from gateway.compile.resource import pack

LOG_NAME = "tested-calls"
TRACE, TIMES, TLS, PROTOCOL, FAILURE = "trace", "times", "tls", "protocol", "failure"  # further tags
POINTS = (  # in microseconds from one point to the next; "-" where it was not passed, or long before
    "DS_RX_BEG:DS_RX_END",
    "US_CX_BEG:US_CX_END",
    "US_CX_END:US_HS_END",
    "DS_RX_BEG:US_TX_BEG",
    "US_TX_BEG:US_RX_BEG",
    "US_RX_BEG:DS_TX_END",
    "US_CX_BEG:DS_RX_BEG",  # how long the connection was there before the call came
)


def tested_calls_log() -> AccessLog:
    """Return the log."""
    common = CommonGrpcAccessLogConfig(
        log_name=LOG_NAME,
        grpc_service=GrpcService(envoy_grpc=GrpcService.EnvoyGrpc(cluster_name=XDS_CLUSTER)),
        transport_api_version=ApiVersion.V3,
        custom_tags=[
            CustomTag(tag=TRACE, request_header=CustomTag.Header(name=TRACE_HEADER)),
            _of_metadata(PRESENTS, METADATA, MetadataKind(cluster=MetadataKind.Cluster())),
            _of_metadata(OPERATION, OPERATION_METADATA, MetadataKind(route=MetadataKind.Route())),
            CustomTag(tag=TIMES, value=" ".join(f"%COMMON_DURATION({points}:us)%" for points in POINTS)),
            CustomTag(tag=TLS, value="%UPSTREAM_TLS_VERSION% %UPSTREAM_TLS_CIPHER%"),
            CustomTag(tag=PROTOCOL, value="%UPSTREAM_PROTOCOL%"),
        ],
    )
    common.buffer_flush_interval.FromMilliseconds(100)
    ours = HeaderMatcher(name=STATE_HEADER, string_match=StringMatcher(exact=TRACE_STATE))
    return AccessLog(
        name="envoy.access_loggers.http_grpc",
        filter=AccessLogFilter(header_filter=HeaderFilter(header=ours)),
        typed_config=pack(HttpGrpcAccessLogConfig(common_config=common)),
    )


def _of_metadata(name: str, namespace: str, kind: MetadataKind) -> CustomTag:
    key = MetadataKey(key=namespace, path=[MetadataKey.PathSegment(key=name)])
    return CustomTag(tag=name, metadata=CustomTag.Metadata(kind=kind, metadata_key=key))
