"""The log of failed calls: sent to the control plane, so that an activity id finds Envoy's own words in the portal. [pure]

Only calls that the gateway itself answers with a failure are logged, and those whose certificate was refused with a page: an untroubled
call pays nothing for it.
"""

from __future__ import annotations

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog
from envoy.config.core.v3.config_source_pb2 import ApiVersion
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.extensions.access_loggers.grpc.v3.als_pb2 import CommonGrpcAccessLogConfig, HttpGrpcAccessLogConfig
from envoy.type.metadata.v3.metadata_pb2 import MetadataKey, MetadataKind
from envoy.type.tracing.v3.custom_tag_pb2 import CustomTag

from apis.policy.failure import FAILURE_HEADER
from gateway.compile.answers.counting import failed
from gateway.compile.names import ACTIVITY_HEADER, METADATA, PRESENTS, XDS_CLUSTER
from gateway.compile.resource import pack

LOG_NAME = "failed-calls"


def failed_calls_log() -> AccessLog:
    """Return the log; its stream goes to the cluster of the control plane, and what it cannot deliver is dropped, not kept."""
    common = CommonGrpcAccessLogConfig(
        log_name=LOG_NAME,
        grpc_service=GrpcService(envoy_grpc=GrpcService.EnvoyGrpc(cluster_name=XDS_CLUSTER)),
        transport_api_version=ApiVersion.V3,
        custom_tags=[_presented()],
    )
    common.buffer_flush_interval.FromMilliseconds(100)
    config = HttpGrpcAccessLogConfig(common_config=common, additional_response_headers_to_log=[ACTIVITY_HEADER, FAILURE_HEADER])
    return AccessLog(
        name="envoy.access_loggers.http_grpc",
        filter=failed(),
        typed_config=pack(config),
    )


def _presented() -> CustomTag:
    """Return the tag that says which certificate the call's cluster presents: when it is noted, the API may have another one."""
    key = MetadataKey(key=METADATA, path=[MetadataKey.PathSegment(key=PRESENTS)])
    return CustomTag(tag=PRESENTS, metadata=CustomTag.Metadata(kind=MetadataKind(cluster=MetadataKind.Cluster()), metadata_key=key))
