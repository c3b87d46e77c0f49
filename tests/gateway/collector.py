"""A collector of OpenTelemetry that keeps what it is sent: OTLP over gRPC, as the specification has it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from kit.issuing import Issued

_TRACES = "opentelemetry.proto.collector.trace.v1.TraceService"
_LOGS = "opentelemetry.proto.collector.logs.v1.LogsService"


class Collector:
    """A running collector."""

    def __init__(self, certificate: Issued | None = None) -> None:
        """Listen on this machine, by TLS with this certificate."""
        self._traces: list[ExportTraceServiceRequest] = []
        self._logs: list[ExportLogsServiceRequest] = []
        self._server = grpc.server(ThreadPoolExecutor(2))
        services = (
            (_TRACES, self._traces, ExportTraceServiceRequest, ExportTraceServiceResponse),
            (_LOGS, self._logs, ExportLogsServiceRequest, ExportLogsServiceResponse),
        )
        self._server.add_generic_rpc_handlers([_keeping(*one) for one in services])
        address = "localhost:0"
        if certificate:
            pair = (certificate.key_pem.encode(), certificate.pem.encode())
            self.port = self._server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
        else:
            self.port = self._server.add_insecure_port(address)

    def __enter__(self) -> Self:
        """Start."""
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.stop(0).wait()

    @property
    def spans(self) -> list[dict[str, Any]]:
        """What has come: the names, ids and attributes of spans."""
        return [
            {"name": span.name, "trace": span.trace_id.hex(), "parent": span.parent_span_id.hex(), **_values(span.attributes)}
            for request in self._traces
            for resource in request.resource_spans
            for scope in resource.instrumentation_library_spans  # the older name of scope_spans, the same on the wire
            for span in scope.spans
        ]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What has come: the bodies and attributes of log records."""
        return [
            {"body": record.body.string_value, **_values(record.attributes)}
            for request in self._logs
            for resource in request.resource_logs
            for scope in resource.instrumentation_library_logs
            for record in scope.logs
        ]

    @property
    def bytes(self) -> bytes:
        """All that has come."""
        return b"".join(request.SerializeToString() for request in (*self._traces, *self._logs))


def _keeping(service: str, kept: list[Any], request: Any, response: Any) -> Any:
    def keep(said: Any, _: object) -> Any:
        kept.append(said)
        return response()

    handler = grpc.unary_unary_rpc_method_handler(keep, request.FromString, response.SerializeToString)
    return grpc.method_handlers_generic_handler(service, {"Export": handler})


def _values(attributes: Any) -> dict[str, str]:
    return {one.key: one.value.string_value for one in attributes}
