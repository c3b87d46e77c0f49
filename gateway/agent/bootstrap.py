"""What an Envoy is started with: who it is, where its configuration comes from, its own limits. Nothing here is secret. [pure]

Everything about APIs, certificates and keys comes later, from the agent beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envoy.config.bootstrap.v3.bootstrap_pb2 import Admin, Bootstrap, ClusterManager, LayeredRuntime, RuntimeLayer
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.address_pb2 import Address, Pipe, SocketAddress
from envoy.config.core.v3.backoff_pb2 import BackoffStrategy
from envoy.config.core.v3.base_pb2 import DataSource, Node, RetryPolicy
from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiConfigSource, ApiVersion, ConfigSource
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.config.core.v3.protocol_pb2 import Http2ProtocolOptions, KeepaliveSettings
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.metrics.v3.stats_pb2 import StatsConfig, StatsMatcher
from envoy.config.overload.v3.overload_pb2 import OverloadManager, ResourceMonitor
from envoy.extensions.network.dns_resolver.cares.v3.cares_dns_resolver_pb2 import CaresDnsResolverConfig
from envoy.extensions.resource_monitors.downstream_connections.v3.downstream_connections_pb2 import DownstreamConnectionsConfig
from envoy.extensions.transport_sockets.tls.v3 import common_pb2 as tls
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import ListStringMatcher, StringMatcher
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToJson
from google.protobuf.struct_pb2 import Struct
from google.protobuf.wrappers_pb2 import UInt32Value, UInt64Value

from gateway.compile.names import TRUST_BUNDLE, XDS_CLUSTER
from gateway.compile.resource import pack
from gateway.compile.telemetry.collector import Collector, cluster_of

MOST_CONNECTIONS = 50_000
_ADMIN_MODE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixSocket:
    """The agent, or the admin page."""

    path: str  # relative to where Envoy is started, which keeps it short: 107 bytes is the most a socket's path may have


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayBootstrap:
    """What differs between gateways before they have any configuration."""

    node: str
    agent: UnixSocket
    admin: UnixSocket | tuple[str, int]
    trust_bundle: Path  # the authorities this machine trusts, PEM
    max_connections: int = MOST_CONNECTIONS
    collector: Collector | None = None  # of telemetry


def bootstrap(chosen: GatewayBootstrap) -> Bootstrap:
    """Return the bootstrap of one gateway."""
    ads = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3, initial_fetch_timeout=Duration())
    return Bootstrap(
        node=Node(id=chosen.node, cluster="gateway"),
        admin=Admin(address=_admin_address(chosen.admin)),
        static_resources=Bootstrap.StaticResources(clusters=_clusters(chosen), secrets=[_trust(chosen.trust_bundle)]),
        dynamic_resources=Bootstrap.DynamicResources(ads_config=_ads(), cds_config=ads, lds_config=ads),
        # Counters are read on demand; flushing them for thousands of clusters would hold up changes.
        stats_flush_on_admin=True,
        stats_config=StatsConfig(stats_matcher=StatsMatcher(exclusion_list=_not_counted())),
        deferred_stat_options=Bootstrap.DeferredStatOptions(enable_deferred_creation_stats=True),
        # A worker makes what it needs for a back end at its first call: most workers never call most of thousands.
        cluster_manager=ClusterManager(enable_deferred_cluster_creation=True),
        overload_manager=_limits(chosen),
        typed_dns_resolver_config=_resolver(),
        layered_runtime=LayeredRuntime(layers=[RuntimeLayer(name="limits", static_layer=_runtime(chosen))]),
    )


def as_json(made: Bootstrap) -> str:
    """Return the bootstrap as the file Envoy reads."""
    return str(MessageToJson(made, preserving_proto_field_name=True, indent=1))


def _not_counted() -> ListStringMatcher:
    """Return what Envoy need not count: of each API some eighty numbers that nobody reads, which are a third of its memory.

    Whoever reads the others waits for Envoy's main thread, which walks through all there are, and takes no change meanwhile.
    """
    # Of an API's cluster only ssl.connection_error is read; this is all that is called otherwise, for RE2, which cannot say "but".
    of_clusters = r"cluster\.api-\d+\.([^s]|s[^s]|ssl\.([^c]|c[^o])).*"
    # Of statuses only 401 is, which tells that a token may have been revoked.
    of_routes = r"vhost\..*\.route\..*\.upstream_rq_(retry.*|timeout|total|completed|[1235]\d\d|40[^1]|4[^0]\d)"
    patterns = [StringMatcher(safe_regex=RegexMatcher(regex=regex)) for regex in (of_clusters, of_routes)]
    return ListStringMatcher(patterns=[StringMatcher(prefix="http.gateway.rds."), *patterns])


def _ads() -> ApiConfigSource:
    """Return the one stream everything comes over: deltas only, and back soon after it was lost (the default waits for seconds)."""
    back_off = BackoffStrategy(base_interval=_milliseconds(100), max_interval=_milliseconds(1000))
    stream = GrpcService.EnvoyGrpc(cluster_name=XDS_CLUSTER, retry_policy=RetryPolicy(retry_back_off=back_off))
    return ApiConfigSource(
        api_type=ApiConfigSource.DELTA_GRPC,
        transport_api_version=ApiVersion.V3,
        grpc_services=[GrpcService(envoy_grpc=stream)],
        set_node_on_first_message_only=True,
    )


def _clusters(chosen: GatewayBootstrap) -> list[Cluster]:
    return [_agent(chosen.agent), *([cluster_of(chosen.collector)] if chosen.collector else [])]


def _agent(place: UnixSocket) -> Cluster:
    # A stalled stream is noticed by its pings and made anew.
    pings = KeepaliveSettings(interval=Duration(seconds=10), timeout=Duration(seconds=5))
    explicit = HttpProtocolOptions.ExplicitHttpConfig(http2_protocol_options=Http2ProtocolOptions(connection_keepalive=pings))
    return Cluster(
        name=XDS_CLUSTER,
        type=Cluster.STATIC,
        connect_timeout=Duration(seconds=1),
        load_assignment=_endpoint(Address(pipe=Pipe(path=place.path))),
        typed_extension_protocol_options={
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": pack(HttpProtocolOptions(explicit_http_config=explicit))
        },
    )


def _endpoint(address: Address) -> ClusterLoadAssignment:
    endpoint = LbEndpoint(endpoint=Endpoint(address=address))
    return ClusterLoadAssignment(cluster_name=XDS_CLUSTER, endpoints=[LocalityLbEndpoints(lb_endpoints=[endpoint])])


def _admin_address(admin: UnixSocket | tuple[str, int]) -> Address:
    match admin:
        case UnixSocket(path=path):
            return Address(pipe=Pipe(path=path, mode=_ADMIN_MODE))
        case (host, port):
            return Address(socket_address=SocketAddress(address=host, port_value=port))


def _trust(bundle: Path) -> Secret:
    authorities = DataSource(filename=str(bundle))
    return Secret(name=TRUST_BUNDLE, validation_context=tls.CertificateValidationContext(trusted_ca=authorities))


def _limits(chosen: GatewayBootstrap) -> OverloadManager:
    connections = DownstreamConnectionsConfig(max_active_downstream_connections=chosen.max_connections)
    monitor = ResourceMonitor(name="envoy.resource_monitors.global_downstream_max_connections", typed_config=pack(connections))
    return OverloadManager(resource_monitors=[monitor])


def _runtime(chosen: GatewayBootstrap) -> Struct:
    """Return Envoy's runtime settings: a regular expression may be as large as a long URL template needs (the default: 100)."""
    runtime = Struct()
    runtime.update({"re2.max_program_size.error_level": 100_000})
    if chosen.collector:
        runtime.update({"tracing.opentelemetry.flush_interval_ms": 1000})  # spans are seen soon (the default: 5000)
    return runtime


def _resolver() -> TypedExtensionConfig:
    """Return the resolver: a name server that does not answer must not hold up changes for long."""
    config = CaresDnsResolverConfig(query_timeout_seconds=UInt64Value(value=1), query_tries=UInt32Value(value=2))
    return TypedExtensionConfig(name="envoy.network.dns_resolver.cares", typed_config=pack(config))


def _milliseconds(number: int) -> Any:
    duration = Duration()
    duration.FromMilliseconds(number)
    return duration
