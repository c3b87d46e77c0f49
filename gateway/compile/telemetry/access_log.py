"""The access log: a line for each call of the APIs that have one, as JSON in a file or as a record of OpenTelemetry. [pure]

It holds no header that a caller sends and nothing of the query, where keys, tokens and signatures stand. What the gateway refuses for its
path may still have the key in it, so its path is left out as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog, AccessLogFilter, ExtensionFilter
from envoy.config.core.v3.substitution_format_string_pb2 import SubstitutionFormatString
from envoy.extensions.access_loggers.file.v3.file_pb2 import FileAccessLog
from envoy.extensions.access_loggers.filters.cel.v3.cel_pb2 import ExpressionFilter
from envoy.extensions.access_loggers.grpc.v3.als_pb2 import CommonGrpcAccessLogConfig
from envoy.extensions.access_loggers.open_telemetry.v3.logs_service_pb2 import OpenTelemetryAccessLogConfig
from envoy.extensions.access_loggers.stream.v3.stream_pb2 import StdoutAccessLog
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from apis.policy.failure import FAILURE_HEADER
from gateway.compile.names import ACTIVITY_HEADER, METADATA, OPERATION, OPERATION_METADATA, PRESENTS
from gateway.compile.resource import pack
from gateway.compile.telemetry.collector import V3, Telemetry, service
from gateway.compile.telemetry.marks import LOGGED

NAMES = frozenset({"calls-to-stdout", "calls-to-file", "calls-to-collector"})
PATH = "%CEL(response.code_details.startsWith('rbac_') ? '' : request.url_path)%"  # as it went to the back end, without the query
_FIELDS = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "api": "%ROUTE_NAME%",  # its path
    "operation": f"%METADATA(ROUTE:{OPERATION_METADATA}:{OPERATION})%",
    "method": "%REQ(:METHOD)%",
    "path": PATH,
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "milliseconds": "%DURATION%",
    "backend_milliseconds": "%RESPONSE_DURATION%",  # until its answer began
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "caller": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "key": "%VIRTUAL_CLUSTER_NAME%",  # whose key was shown, where the API counts by it
    "certificate": f"%METADATA(CLUSTER:{METADATA}:{PRESENTS})%",
    "failure": f"%RESP({FAILURE_HEADER})%",
    "activity_id": f"%RESP({ACTIVITY_HEADER})%",
    "flags": "%RESPONSE_FLAGS%",
    "trace_id": "%TRACE_ID%",
}


def access_logs(telemetry: Telemetry) -> Iterator[AccessLog]:
    """Yield the logs that a gateway has, for the calls of APIs that are logged."""
    if telemetry.log_to_stdout:  # not the file /dev/stdout, which cannot be opened where it is a socket, as under systemd
        yield AccessLog(name="calls-to-stdout", filter=_logged(), typed_config=pack(StdoutAccessLog(log_format=_json())))
    if telemetry.log_file:
        file = FileAccessLog(path=telemetry.log_file, log_format=_json())
        yield AccessLog(name="calls-to-file", filter=_logged(), typed_config=pack(file))
    if telemetry.log_to_collector and telemetry.collector:
        yield AccessLog(name="calls-to-collector", filter=_logged(), typed_config=pack(_to_collector()))


def _json() -> SubstitutionFormatString:
    line = SubstitutionFormatString()
    line.json_format.update(_FIELDS)
    return line


def _to_collector() -> OpenTelemetryAccessLogConfig:
    config = OpenTelemetryAccessLogConfig(
        common_config=CommonGrpcAccessLogConfig(log_name="calls", grpc_service=service(), transport_api_version=V3),
        disable_builtin_labels=True,
        body=AnyValue(string_value=f"%REQ(:METHOD)% {PATH} %RESPONSE_CODE%"),
    )
    config.attributes.values.extend(KeyValue(key=name, value=AnyValue(string_value=value)) for name, value in _FIELDS.items())
    config.resource_attributes.values.append(KeyValue(key="service.name", value=AnyValue(string_value="gateway")))
    return config


def _logged() -> AccessLogFilter:
    expression = ExpressionFilter(expression=f"'{LOGGED}' in xds.route_metadata.filter_metadata")
    chosen = ExtensionFilter(name="envoy.access_loggers.extension_filters.cel", typed_config=pack(expression))
    return AccessLogFilter(extension_filter=chosen)
