"""An API's back end: one cluster per API, so that connections, limits and mistakes of one never touch another. [pure]"""

from __future__ import annotations

import json

from envoy.config.cluster.v3.circuit_breaker_pb2 import CircuitBreakers
from envoy.config.cluster.v3.cluster_pb2 import Cluster, UpstreamConnectionOptions
from envoy.config.core.v3.address_pb2 import TcpKeepalive
from envoy.config.core.v3.base_pb2 import Metadata
from envoy.config.core.v3.protocol_pb2 import Http1ProtocolOptions, Http2ProtocolOptions, HttpProtocolOptions
from envoy.config.core.v3.socket_option_pb2 import SocketOption
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.extensions.filters.http.upstream_codec.v3.upstream_codec_pb2 import UpstreamCodec
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2 as upstreams
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct
from google.protobuf.wrappers_pb2 import UInt32Value

from apis.policy.model import Backend, Policy, Protocol
from certificates.identity import Identity
from gateway.compile.answers.failures import ASKS_LATER, LEAVES_OUT, REFUSAL
from gateway.compile.backends.addresses import discovery_of, endpoints_of, set_limits, speak_tls
from gateway.compile.backends.health import leaves_out, watch_health
from gateway.compile.backends.proving import Sent, sent_to
from gateway.compile.names import METADATA, PRESENTS, WITHOUT_CERTIFICATE, cluster_name
from gateway.compile.resource import Resource, pack
from gateway.marks import LEVEL, OPTION, mark_of

_IDLE_SECONDS = 60  # less than most servers keep idle connections, so that a call rarely meets one that is just closing
_BUFFER_BYTES = 32768  # Envoy's edge guide
_STREAM_WINDOW, _CONNECTION_WINDOW = 65536, 1048576  # Envoy's edge guide
# Calls on one HTTP/2 connection. Until a new connection has said what it allows, Envoy would open any number, and a server that renews
# its connections refuses all that it has not begun: the fewer, the fewer have to be tried again. More than these make calls no faster.
_STREAMS = 16
_MOST_CALLS = 16384


class IdentityMissing(ValueError):
    """A policy demands a client certificate and none was given; use :func:`compile_refusal`."""


def compile_cluster(policy: Policy, identity: Identity | None) -> tuple[Resource, ...]:
    """Return the API's cluster and the secrets it needs (to be sent with or before it).

    :param identity: what the policy's certificate id stands for
    :raises IdentityMissing: if the policy presents a certificate and *identity* is ``None``, so that no call goes out without one
    """
    sent = sent_to(policy, identity)
    presents = policy.presents_certificate
    if presents and identity is None:
        raise IdentityMissing(f"The API {policy.api} presents a client certificate, and none was given.")
    cluster = _cluster(policy, sent)
    cluster.load_assignment.CopyFrom(endpoints_of(policy.backend, cluster.name))
    set_limits(cluster, policy.backend)
    watch_health(cluster, policy.backend)
    if policy.backend.scheme == "https":
        speak_tls(cluster, policy.backend, identity if presents else None)
    if remarks := _remarks(policy.backend, identity if presents else None):
        cluster.metadata.CopyFrom(_metadata(remarks))
    _mark(cluster, policy.api_id)
    return (*sent.secrets, Resource.of(cluster.name, cluster))


def _mark(cluster: Cluster, api: int) -> None:
    """Mark the cluster's connections, so that those of its predecessor can be told and ended (:mod:`gateway.agent.draining`)."""
    parts = (cluster.load_assignment, cluster.transport_socket, *cluster.transport_socket_matches)
    leads_to = b"".join(part.SerializeToString(deterministic=True) for part in parts)
    if (mark := mark_of(api, leads_to)) is not None:
        option = SocketOption(description="mark", level=LEVEL, name=OPTION, int_value=mark, state=SocketOption.STATE_PREBIND)
        cluster.upstream_bind_config.socket_options.append(option)


def compile_refusal(policy: Policy, reason: str) -> tuple[Resource, ...]:
    """Return a cluster that refuses every call of the API and answers *reason*, one sentence for callers: closed rather than open."""
    cluster = Cluster(
        name=cluster_name(policy.api_id),
        type=Cluster.STATIC,
        load_assignment=ClusterLoadAssignment(cluster_name=cluster_name(policy.api_id)),
        metadata=_metadata({REFUSAL: json.dumps(reason)[1:-1]}),  # it becomes part of a JSON text
    )
    return (Resource.of(cluster.name, cluster),)


def _cluster(policy: Policy, sent: Sent) -> Cluster:
    protocol = _protocol(policy.backend)
    if sent.filters:
        protocol.http_filters.extend([*sent.filters, HttpFilter(name="codec", typed_config=pack(UpstreamCodec()))])
    return Cluster(
        name=cluster_name(policy.api_id),
        type=discovery_of(policy.backend),
        dns_lookup_family=Cluster.V4_PREFERRED,  # with both families tried, the reason of a failure would be the last one's
        connect_timeout=Duration(seconds=policy.backend.connect_seconds),
        per_connection_buffer_limit_bytes=UInt32Value(value=_BUFFER_BYTES),
        circuit_breakers=_limits(),
        upstream_connection_options=UpstreamConnectionOptions(
            tcp_keepalive=TcpKeepalive(
                keepalive_probes=UInt32Value(value=3), keepalive_time=UInt32Value(value=30), keepalive_interval=UInt32Value(value=10)
            )
        ),
        typed_extension_protocol_options={"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": pack(protocol)},
    )


def _remarks(backend: Backend, identity: Identity | None) -> dict[str, str]:
    """Return what the reason of a failed call follows from besides Envoy's words, and by which certificate calls are counted."""
    by_tls = backend.scheme == "https"
    remarks = {
        WITHOUT_CERTIFICATE: by_tls and identity is None,
        ASKS_LATER: by_tls and backend.asks_later,
        LEAVES_OUT: leaves_out(backend),
    }
    presented = {PRESENTS: identity.thumbprint} if identity else {}
    return {name: "yes" for name, holds in remarks.items() if holds} | presented


def _metadata(remarks: dict[str, str]) -> Metadata:
    said = Struct()
    said.update(remarks)
    return Metadata(filter_metadata={METADATA: said})


def _protocol(backend: Backend) -> upstreams.HttpProtocolOptions:
    """Return the options that speak the chosen HTTP; automatic lets ALPN choose 2 or 1.1, and is 1.1 where there is no TLS to choose by."""
    common = HttpProtocolOptions(idle_timeout=Duration(seconds=_IDLE_SECONDS))
    http2 = Http2ProtocolOptions(
        max_concurrent_streams=UInt32Value(value=_STREAMS),
        initial_stream_window_size=UInt32Value(value=_STREAM_WINDOW),
        initial_connection_window_size=UInt32Value(value=_CONNECTION_WINDOW),
    )
    match backend.http:
        case Protocol.AUTO:
            automatic = upstreams.HttpProtocolOptions.AutoHttpConfig(
                http_protocol_options=Http1ProtocolOptions(), http2_protocol_options=http2
            )
            return upstreams.HttpProtocolOptions(common_http_protocol_options=common, auto_config=automatic)
        case Protocol.HTTP2:
            explicit = upstreams.HttpProtocolOptions.ExplicitHttpConfig(http2_protocol_options=http2)
        case Protocol.HTTP1:
            explicit = upstreams.HttpProtocolOptions.ExplicitHttpConfig(http_protocol_options=Http1ProtocolOptions())
    return upstreams.HttpProtocolOptions(common_http_protocol_options=common, explicit_http_config=explicit)


def _limits() -> CircuitBreakers:
    """Return limits that only a back end in trouble meets: they keep its waiting calls from eating the gateway's memory.

    As many may be tried again as may be under way: a server that renews its connections refuses all that it has not begun at once.
    """
    thresholds = CircuitBreakers.Thresholds(
        max_connections=UInt32Value(value=4096),
        max_pending_requests=UInt32Value(value=4096),
        max_requests=UInt32Value(value=_MOST_CALLS),
        max_retries=UInt32Value(value=_MOST_CALLS),
    )
    return CircuitBreakers(thresholds=[thresholds])
