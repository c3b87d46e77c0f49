"""Where telemetry goes: a collector that speaks OTLP over gRPC, as a cluster of the gateway's own. [pure]"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.address_pb2 import Address, SocketAddress
from envoy.config.core.v3.base_pb2 import TransportSocket
from envoy.config.core.v3.config_source_pb2 import ApiVersion
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.config.core.v3.protocol_pb2 import Http2ProtocolOptions
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.extensions.transport_sockets.tls.v3 import common_pb2 as tls
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, UpstreamTlsContext
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from google.protobuf.duration_pb2 import Duration

from gateway.compile.names import TRUST_BUNDLE
from gateway.compile.resource import pack

V3 = ApiVersion.V3
_CLUSTER = "telemetry"
_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Where a collector is."""

    host: str
    port: int
    tls: bool  # checked against the authorities that the machine trusts


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What a gateway is set to tell.

    :ivar log_to_stdout: whether lines of the access log go to the standard output of its process
    :ivar log_file: the file that takes them; empty: none
    :ivar log_to_collector: whether the collector gets them
    :ivar collector: where traces go; ``None``: nowhere
    """

    log_to_stdout: bool = False
    log_file: str = ""
    log_to_collector: bool = False
    collector: Collector | None = None


def service() -> GrpcService:
    """Return what leads to the collector."""
    return GrpcService(envoy_grpc=GrpcService.EnvoyGrpc(cluster_name=_CLUSTER), timeout=Duration(seconds=5))


def cluster_of(collector: Collector) -> Cluster:
    """Return the collector's cluster. While it is away, calls go on and what they would tell it is dropped."""
    address = SocketAddress(address=collector.host, port_value=collector.port)
    endpoint = LbEndpoint(endpoint=Endpoint(address=Address(socket_address=address)))
    explicit = HttpProtocolOptions.ExplicitHttpConfig(http2_protocol_options=Http2ProtocolOptions())
    cluster = Cluster(
        name=_CLUSTER,
        type=Cluster.STRICT_DNS,
        connect_timeout=Duration(seconds=5),
        load_assignment=ClusterLoadAssignment(cluster_name=_CLUSTER, endpoints=[LocalityLbEndpoints(lb_endpoints=[endpoint])]),
        typed_extension_protocol_options={_OPTIONS: pack(HttpProtocolOptions(explicit_http_config=explicit))},
    )
    if collector.tls:
        cluster.transport_socket.CopyFrom(_transport_socket(collector.host))
    return cluster


def _transport_socket(host: str) -> TransportSocket:
    kind = tls.SubjectAltNameMatcher.IP_ADDRESS if _is_address(host) else tls.SubjectAltNameMatcher.DNS
    name = tls.SubjectAltNameMatcher(san_type=kind, matcher=StringMatcher(exact=host))
    validation = CommonTlsContext.CombinedCertificateValidationContext(
        default_validation_context=tls.CertificateValidationContext(match_typed_subject_alt_names=[name]),
        validation_context_sds_secret_config=SdsSecretConfig(name=TRUST_BUNDLE),
    )
    common = CommonTlsContext(combined_validation_context=validation, alpn_protocols=["h2"])
    context = UpstreamTlsContext(common_tls_context=common, sni="" if _is_address(host) else host)
    return TransportSocket(name="envoy.transport_sockets.tls", typed_config=pack(context))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
