"""What belongs to a gateway itself and not to what all gateways share: where it listens, how long it waits, whom it trusts. [pure]

The control plane compiles listeners once for all gateways; each gateway's agent sets in them what that gateway's own settings say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from envoy.config.core.v3.address_pb2 import Address, SocketAddress
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm
from google.protobuf.duration_pb2 import Duration

from gateway.compile.edge.alternatives import alternative_service
from gateway.compile.edge.early_headers import caller_certificate, early_headers
from gateway.compile.edge.to_https import to_https
from gateway.compile.names import ALTERNATIVES_FILTER, HTTP3_LISTENER, HTTP_LISTENER, HTTPS_LISTENER, TO_HTTPS_FILTER, is_server_secret
from gateway.compile.resource import LISTENER, SECRET, Resource, pack
from gateway.compile.telemetry import Telemetry
from gateway.compile.telemetry.access_log import NAMES, access_logs
from gateway.compile.telemetry.tracing import trace

_HCM = hcm.HttpConnectionManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Https:
    """Where the gateway ends TLS, see https.py."""

    host: str
    port: int
    http3: bool = False  # also over UDP
    instead_of_http: bool = False  # callers by HTTP are sent there


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayListener:
    """Where the gateway listens and how long it waits."""

    host: str
    port: int
    idle_seconds: int = 60  # how long a call may go without a byte in either direction; then 504
    trusted_proxies: int = 0  # how many proxies in front append to X-Forwarded-For
    https: Https | None = None
    telemetry: Telemetry = field(default_factory=Telemetry)
    name: str = ""  # what it calls itself


def has_place_for(type_url: str, name: str, settings: GatewayListener) -> bool:
    """Return whether a gateway of these *settings* has a use for a resource: one without an address for TLS shows no certificate."""
    https = settings.https
    if type_url == LISTENER and name in {HTTPS_LISTENER, HTTP3_LISTENER}:
        return https is not None and (https.http3 or name == HTTPS_LISTENER)
    return https is not None or type_url != SECRET or not is_server_secret(name)


def as_set(listener: Resource, settings: GatewayListener) -> Resource:
    """Return *listener* with what belongs to the gateway itself as its own *settings* say, whoever's it was compiled with.

    :param listener: one that there is a place for
    """
    own = Listener.FromString(listener.body)
    if address := _address(own.name, settings):
        own.address.CopyFrom(address)
    for chain in own.filter_chains:
        for network in chain.filters:
            if network.typed_config.Is(_HCM.DESCRIPTOR):
                manager = _HCM.FromString(network.typed_config.value)
                _set(manager, own.name, settings)
                network.typed_config.CopyFrom(pack(manager))
    return Resource.of(listener.name, own)


def _address(name: str, settings: GatewayListener) -> Address | None:
    https = settings.https
    if name == HTTP_LISTENER:
        return _listening_on(settings.host, settings.port)
    if https and name in {HTTPS_LISTENER, HTTP3_LISTENER}:
        return _listening_on(https.host, https.port, udp=name == HTTP3_LISTENER)
    return None


def _listening_on(host: str, port: int, *, udp: bool = False) -> Address:
    """Return an address to listen on; ``::`` is for IPv4, too."""
    protocol = SocketAddress.UDP if udp else SocketAddress.TCP
    return Address(socket_address=SocketAddress(protocol=protocol, address=host, port_value=port, ipv4_compat=host == "::"))


def _set(manager: hcm.HttpConnectionManager, name: str, settings: GatewayListener) -> None:
    manager.xff_num_trusted_hops = settings.trusted_proxies
    manager.stream_idle_timeout.CopyFrom(Duration(seconds=settings.idle_seconds))
    headers = early_headers(trusted_proxies=settings.trusted_proxies)
    others = [one for one in manager.early_header_mutation_extensions if one.name != headers.name]
    del manager.early_header_mutation_extensions[:]
    manager.early_header_mutation_extensions.extend([headers, *others])
    asks = any(one.name == caller_certificate().name for one in others)
    shared = [one for one in manager.http_filters if one.name not in {TO_HTTPS_FILTER, ALTERNATIVES_FILTER}]
    del manager.http_filters[:]
    manager.http_filters.extend([*_own_filters(name, settings.https, asks=asks), *shared])

    _tell(manager, settings)


def _tell(manager: hcm.HttpConnectionManager, settings: GatewayListener) -> None:
    """Set what this gateway tells of calls to others than the portal."""
    shared = [one for one in manager.access_log if one.name not in NAMES]
    del manager.access_log[:]
    manager.access_log.extend([*shared, *access_logs(settings.telemetry)])
    manager.ClearField("tracing")
    manager.ClearField("request_id_extension")
    if settings.telemetry.collector:
        trace(manager, gateway=settings.name)


def _own_filters(name: str, https: Https | None, *, asks: bool) -> Iterator[hcm.HttpFilter]:
    """Yield the filters that tell callers where else this gateway listens."""
    if https and https.instead_of_http and name == HTTP_LISTENER:
        yield to_https(https.port)
    if https and https.http3 and name == HTTPS_LISTENER and not asks:  # over QUIC Envoy asks nobody for a certificate
        yield alternative_service(https.port)
