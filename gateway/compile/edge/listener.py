"""The listener callers reach, hardened for untrusted callers after Envoy's guide for edge proxies. [pure]

Nothing in it depends on APIs, certificates or keys: changing it drains every connection, so only the gateway's settings do.
"""

from __future__ import annotations

from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.config.core.v3.protocol_pb2 import Http1ProtocolOptions, Http2ProtocolOptions, HttpProtocolOptions, SchemeHeaderTransformation
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm
from google.protobuf.duration_pb2 import Duration
from google.protobuf.wrappers_pb2 import BoolValue, UInt32Value

from gateway.compile.answers.access_log import failed_calls_log
from gateway.compile.answers.counting import counters
from gateway.compile.answers.replies import local_replies
from gateway.compile.answers.tested_calls import tested_calls_log
from gateway.compile.edge.filters import filters_of_websockets, http_filters
from gateway.compile.edge.own import GatewayListener, as_set
from gateway.compile.edge.websockets import UPGRADE
from gateway.compile.names import HTTP_LISTENER, SCOPE_HEADER
from gateway.compile.resource import Resource, pack

BUFFER_BYTES = 32768
_HCM = hcm.HttpConnectionManager


def compile_listener(settings: GatewayListener) -> tuple[Resource, ...]:
    """Return the listener for HTTP. Its scopes, routes and key shards come from the control plane, each by itself."""
    network = Filter(name="envoy.filters.network.http_connection_manager", typed_config=pack(connection_manager()))
    listener = Listener(
        name=HTTP_LISTENER,
        filter_chains=[FilterChain(filters=[network])],
        per_connection_buffer_limit_bytes=UInt32Value(value=BUFFER_BYTES),
    )
    return (as_set(Resource.of(HTTP_LISTENER, listener), settings),)


def connection_manager() -> hcm.HttpConnectionManager:
    """Return what reads HTTP from callers and leads it through the filters, as far as all gateways have it."""
    return _HCM(
        stat_prefix=HTTP_LISTENER,
        scoped_routes=_scoped_routes(),
        http_filters=http_filters(),
        local_reply_config=local_replies(),
        access_log=[failed_calls_log(), counters(), tested_calls_log()],
        upgrade_configs=[_HCM.UpgradeConfig(upgrade_type=UPGRADE, filters=filters_of_websockets())],
        # Who is calling: the peer's address, whatever it says of itself; no address is trusted with Envoy's own headers.
        use_remote_address=BoolValue(value=True),
        internal_address_config=_HCM.InternalAddressConfig(unix_sockets=False),
        # A path keeps its bytes; what could be read in two ways is refused (see paths).
        normalize_path=BoolValue(value=False),
        path_with_escaped_slashes_action=_HCM.KEEP_UNCHANGED,
        # Limits and times.
        common_http_protocol_options=HttpProtocolOptions(
            idle_timeout=Duration(seconds=3600),
            headers_with_underscores_action=HttpProtocolOptions.ALLOW,  # see early_headers for those that must not pass
        ),
        http_protocol_options=Http1ProtocolOptions(
            accept_http_10=True,  # older proxies and health checks speak it, and may leave the host out
            default_host_for_http_10=HTTP_LISTENER,
            allow_custom_methods=True,  # operations say which verbs get through
        ),
        http2_protocol_options=Http2ProtocolOptions(
            max_concurrent_streams=UInt32Value(value=100),
            initial_stream_window_size=UInt32Value(value=65536),
            initial_connection_window_size=UInt32Value(value=1048576),
            # A request that is no valid HTTP ends by itself, not with the other calls on its connection.
            override_stream_error_on_invalid_http_message=BoolValue(value=True),
        ),
        request_headers_timeout=Duration(seconds=10),
        # No limit on a whole request: uploads, gRPC streams and WebSockets may last as long as something moves.
        request_timeout=Duration(),
        # The back end's words pass as they are, and nothing is spent on ids that nobody asked for.
        server_header_transformation=_HCM.PASS_THROUGH,
        # HTTP/2 names the scheme with each call; servers that compare it with the connection, as Tomcat, refuse "http" over TLS.
        scheme_header_transformation=SchemeHeaderTransformation(match_upstream=True),
        generate_request_id=BoolValue(value=False),
        preserve_external_request_id=True,
    )


def _scoped_routes() -> hcm.ScopedRoutes:
    """Return where routes are found: by the first segment of the path, in a table of its own."""
    ads = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3)
    fragment = hcm.ScopedRoutes.ScopeKeyBuilder.FragmentBuilder(
        header_value_extractor=hcm.ScopedRoutes.ScopeKeyBuilder.FragmentBuilder.HeaderValueExtractor(
            name=SCOPE_HEADER, element_separator="/", index=1
        )
    )
    return hcm.ScopedRoutes(
        name="segments",
        scope_key_builder=hcm.ScopedRoutes.ScopeKeyBuilder(fragments=[fragment]),
        rds_config_source=ads,
        scoped_rds=hcm.ScopedRds(scoped_rds_config_source=ads),
    )
