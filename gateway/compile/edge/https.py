"""The listener that ends TLS for callers, with the certificate of the host name that they ask for (SNI). [pure]

The certificates are secrets of their own (SDS), so that another version of one changes no listener: connections that are open go on,
new ones get it. Only a host name that comes or goes changes the listener, and then Envoy replaces the filter chain that differs and leaves
the connections of the others alone. A chain takes 7 MB, whatever it holds, so there are a few, and certificates share them.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from envoy.config.core.v3.base_pb2 import DataSource, TransportSocket
from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.config.core.v3.protocol_pb2 import Http3ProtocolOptions
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain, FilterChainMatch, ListenerFilter
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.listener.v3.quic_config_pb2 import QuicProtocolOptions
from envoy.config.listener.v3.udp_listener_config_pb2 import UdpListenerConfig
from envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2 import TlsInspector
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm
from envoy.extensions.transport_sockets.quic.v3.quic_transport_pb2 import QuicDownstreamTransport
from envoy.extensions.transport_sockets.tls.v3 import common_pb2 as tls
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2 as secrets
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, DownstreamTlsContext
from google.protobuf.duration_pb2 import Duration
from google.protobuf.wrappers_pb2 import BoolValue, UInt32Value

from certificates.identity import Identity
from gateway.compile.edge.early_headers import caller_certificate
from gateway.compile.edge.listener import BUFFER_BYTES, connection_manager
from gateway.compile.names import HTTP3_LISTENER, HTTPS_LISTENER, server_secret_name
from gateway.compile.resource import Resource, pack

_CHAINS = 8  # of each kind
_SECRET_TIMEOUT = Duration(seconds=2)  # the control plane sends it before the listener; a lack must not hold up other changes
# What Mozilla's intermediate recommendation names for TLS 1.2; those of 1.3 are not chosen.
_SUITES = (
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]",
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
_CURVES = ("X25519MLKEM768", "X25519", "P-256", "P-384")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server certificate at the gateway's edge."""

    certificate_id: int  # of the entry; stable
    hosts: tuple[str, ...]  # names that it is shown for
    rest: bool = False  # also to whoever asks for none, or for one that no certificate is for
    asks: bool = False  # whether callers are asked for a certificate of theirs


def compile_server_certificate(certificate_id: int, identity: Identity) -> Resource:
    """Return the secret that holds a server certificate's chain and key."""
    certificate = tls.TlsCertificate(
        certificate_chain=DataSource(inline_bytes=identity.certificate_chain_pem),
        private_key=DataSource(inline_bytes=identity.private_key_pem.value),
    )
    name = server_secret_name(certificate_id)
    return Resource.of(name, secrets.Secret(name=name, tls_certificate=certificate))


def compile_https(served: Collection[Served]) -> tuple[Resource, ...]:
    """Return the listeners for HTTPS and for HTTP/3; none without a certificate. Each gateway sets where they listen, or leaves them out.

    :param served: in any order; one gets the rest
    """
    if not served:
        return ()
    chains = _chains(served)
    return tuple(Resource.of(listener.name, listener) for listener in (_over_tcp(chains), _over_quic(chains)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """What some certificates have in common."""

    name: str
    asks: bool
    served: tuple[Served, ...]

    @property
    def hosts(self) -> list[str]:
        """The names it is for; none: for all that no other chain is for."""
        return [] if any(one.rest for one in self.served) else sorted(host for one in self.served for host in one.hosts)


def _chains(served: Collection[Served]) -> list[_Chain]:
    """Return the chains, by name. Within one Envoy looks for the name in the certificates, and takes the first where it is in none."""
    members: defaultdict[tuple[int, bool], list[Served]] = defaultdict(list)
    for one in sorted(served, key=lambda one: (not one.rest, one.certificate_id)):
        members[one.certificate_id % _CHAINS, one.asks].append(one)
    return [
        _Chain(name=f"{'asking' if asks else 'silent'}-{number}", asks=asks, served=tuple(ones))
        for (number, asks), ones in sorted(members.items())
    ]


def _over_tcp(chains: Collection[_Chain]) -> Listener:
    inspector = ListenerFilter(name="envoy.filters.listener.tls_inspector", typed_config=pack(TlsInspector()))
    return Listener(
        name=HTTPS_LISTENER,
        listener_filters=[inspector],
        listener_filters_timeout=Duration(seconds=10),
        filter_chains=[_filter_chain(one, _tcp_socket(one), _manager(one)) for one in chains],
        per_connection_buffer_limit_bytes=UInt32Value(value=BUFFER_BYTES),
    )


def _over_quic(chains: Collection[_Chain]) -> Listener:
    quic = UdpListenerConfig(quic_options=QuicProtocolOptions())
    listener = Listener(
        name=HTTP3_LISTENER,
        udp_listener_config=quic,
        filter_chains=[_filter_chain(one, _quic_socket(one), _manager(one, http3=True)) for one in chains],
        per_connection_buffer_limit_bytes=UInt32Value(value=BUFFER_BYTES),
    )
    listener.udp_listener_config.downstream_socket_config.prefer_gro.value = True
    return listener


def _filter_chain(one: _Chain, socket: TransportSocket, manager: hcm.HttpConnectionManager) -> FilterChain:
    return FilterChain(
        name=one.name,
        filter_chain_match=FilterChainMatch(server_names=one.hosts),
        filters=[Filter(name="envoy.filters.network.http_connection_manager", typed_config=pack(manager))],
        transport_socket=socket,
        transport_socket_connect_timeout=Duration(seconds=10),
    )


def _manager(one: _Chain, *, http3: bool = False) -> hcm.HttpConnectionManager:
    """Return what the other listener has too, and what only TLS knows."""
    manager = connection_manager()
    if one.asks:
        manager.early_header_mutation_extensions.append(caller_certificate())
    if http3:
        manager.codec_type = hcm.HttpConnectionManager.HTTP3
        manager.http3_protocol_options.CopyFrom(Http3ProtocolOptions(override_stream_error_on_invalid_http_message=BoolValue(value=True)))
    return manager


def _tcp_socket(one: _Chain) -> TransportSocket:
    return TransportSocket(name="envoy.transport_sockets.tls", typed_config=pack(_context(one, ("h2", "http/1.1"))))


def _quic_socket(one: _Chain) -> TransportSocket:
    context = QuicDownstreamTransport(downstream_tls_context=_context(dataclasses.replace(one, asks=False), ("h3",)))
    return TransportSocket(name="envoy.transport_sockets.quic", typed_config=pack(context))


def _context(one: _Chain, protocols: tuple[str, ...]) -> DownstreamTlsContext:
    common = CommonTlsContext(
        alpn_protocols=protocols,
        tls_params=tls.TlsParameters(
            tls_minimum_protocol_version=tls.TlsParameters.TLSv1_2,
            tls_maximum_protocol_version=tls.TlsParameters.TLSv1_3,
            cipher_suites=_SUITES,
            ecdh_curves=_CURVES,
        ),
        tls_certificate_sds_secret_configs=[_by_control_plane(server_secret_name(each.certificate_id)) for each in one.served],
    )
    context = DownstreamTlsContext(common_tls_context=common)
    if one.asks:
        # Asked for, not demanded: whether a call needs one, and which, each API says (see callers.py).
        common_context = context.common_tls_context.validation_context
        common_context.trust_chain_verification = tls.CertificateValidationContext.ACCEPT_UNTRUSTED
        # A resumed session would bring along a certificate that was shown to an earlier connection.
        context.disable_stateless_session_resumption = True
        context.disable_stateful_session_resumption = True
    return context


def _by_control_plane(name: str) -> secrets.SdsSecretConfig:
    source = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3, initial_fetch_timeout=_SECRET_TIMEOUT)
    return secrets.SdsSecretConfig(name=name, sds_config=source)
