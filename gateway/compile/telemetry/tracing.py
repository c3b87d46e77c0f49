"""Tracing: a span for each call that is traced, in the W3C trace context that goes on to the back end. [pure]

Whether a call is traced, its caller decides who sends a trace context: so no trace is broken, whatever an API is set to. For the others
the API says how many. Envoy would decide before its samplers by an id of the request, which we do not make; so that is switched off.
"""

from __future__ import annotations

import itertools

from cel.expr.syntax_pb2 import Constant, Expr
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.trace.v3.http_tracer_pb2 import Tracing
from envoy.config.trace.v3.opentelemetry_pb2 import OpenTelemetryConfig
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm
from envoy.extensions.request_id.uuid.v3.uuid_pb2 import UuidRequestIdConfig
from envoy.extensions.tracers.opentelemetry.samplers.v3.cel_sampler_pb2 import CELSamplerConfig
from envoy.extensions.tracers.opentelemetry.samplers.v3.parent_based_sampler_pb2 import ParentBasedSamplerConfig
from envoy.type.tracing.v3.custom_tag_pb2 import CustomTag
from envoy.type.v3.percent_pb2 import Percent
from google.protobuf.wrappers_pb2 import BoolValue, UInt32Value

from gateway.compile.names import OPERATION, OPERATION_METADATA
from gateway.compile.resource import pack
from gateway.compile.telemetry.access_log import PATH
from gateway.compile.telemetry.collector import service
from gateway.compile.telemetry.marks import PERMILLE, TRACED

_HCM = hcm.HttpConnectionManager
_SAMPLERS = "envoy.tracers.opentelemetry.samplers"


def trace(manager: hcm.HttpConnectionManager, *, gateway: str) -> None:
    """Have *manager* trace calls.

    :param gateway: what the gateway calls itself; traces name it as the service
    """
    never, always = BoolValue(value=False), Percent(value=100)
    by_sampler = UuidRequestIdConfig(pack_trace_reason=never, use_request_id_for_trace_sampling=never)
    manager.request_id_extension.typed_config.CopyFrom(pack(by_sampler))
    provider = Tracing.Http(name="envoy.tracers.opentelemetry", typed_config=pack(_tracer(gateway)))
    manager.tracing.CopyFrom(
        _HCM.Tracing(
            provider=provider,
            random_sampling=always,
            overall_sampling=always,
            operation="%REQ(:METHOD)% %ROUTE_NAME%",
            max_path_tag_length=UInt32Value(value=0),  # it would hold the query
            custom_tags=[
                CustomTag(tag="url.path", value=PATH),
                CustomTag(tag="portal.api", value="%ROUTE_NAME%"),
                CustomTag(tag="portal.operation", value=f"%METADATA(ROUTE:{OPERATION_METADATA}:{OPERATION})%"),
            ],
        )
    )


def _tracer(gateway: str) -> OpenTelemetryConfig:
    own = TypedExtensionConfig(name=f"{_SAMPLERS}.cel", typed_config=pack(_of_the_api()))
    parents = TypedExtensionConfig(name=f"{_SAMPLERS}.parent_based", typed_config=pack(ParentBasedSamplerConfig(wrapped_sampler=own)))
    return OpenTelemetryConfig(grpc_service=service(), service_name=gateway, sampler=parents)


def _of_the_api() -> CELSamplerConfig:
    """Return what takes so many of the calls as the route says: by the milliseconds of the clock, which are as good as drawn.

    Envoy has no ratio per route here, and takes expressions parsed only; written out, it is
    ``double(request.time.getMilliseconds()) < xds.route_metadata.filter_metadata['portal.traced']['permille']``.
    An API without this metadata has none of its calls taken.
    """
    ids = itertools.count(1)

    def call(function: str, *arguments: Expr, target: Expr | None = None) -> Expr:
        return Expr(id=next(ids), call_expr=Expr.Call(function=function, args=arguments, target=target))

    def chosen(name: str, *fields: str) -> Expr:
        found = Expr(id=next(ids), ident_expr=Expr.Ident(name=name))
        for field in fields:
            found = Expr(id=next(ids), select_expr=Expr.Select(operand=found, field=field))
        return found

    def at(place: Expr, key: str) -> Expr:
        return call("_[_]", place, Expr(id=next(ids), const_expr=Constant(string_value=key)))

    milliseconds = call("double", call("getMilliseconds", target=chosen("request", "time")))
    permille = at(at(chosen("xds", "route_metadata", "filter_metadata"), TRACED), PERMILLE)
    config = CELSamplerConfig()
    config.expression.cel_expr_parsed.expr.CopyFrom(call("_<_", milliseconds, permille))
    return config
