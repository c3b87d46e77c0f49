"""The addresses of a back end as Envoy's endpoints: weights, priorities, and the TLS that each host is spoken to with. [pure]

Hosts differ in what is asked for by SNI and in the name that their certificate must bear, so that each has a transport socket of its own,
found by the endpoint's metadata. All present the same certificate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.address_pb2 import Address as EnvoyAddress
from envoy.config.core.v3.address_pb2 import SocketAddress
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from google.protobuf.wrappers_pb2 import UInt32Value

from gateway.compile.backends.tls import is_address, transport_socket
from gateway.compile.calls.forwarding import authority_of, names_hosts

if TYPE_CHECKING:
    from apis.policy.model import Address, Backend
    from certificates.identity import Identity

_MATCHED = "envoy.transport_socket_match"  # the namespace that Envoy looks at


def discovery_of(backend: Backend) -> Cluster.DiscoveryType.ValueType:
    """Return how the addresses are found: as they stand, or by name; several names are each looked up for all that they have."""
    if all(map(is_address, backend.hosts)):
        return Cluster.STATIC
    return Cluster.LOGICAL_DNS if len(backend.addresses) == 1 else Cluster.STRICT_DNS


def endpoints_of(backend: Backend, name: str) -> ClusterLoadAssignment:
    """Return the addresses of *backend*, for the cluster called *name*; priorities without a gap, as Envoy wants them."""
    used = sorted({address.priority for address in backend.addresses})
    groups = [
        LocalityLbEndpoints(priority=place, lb_endpoints=[_endpoint(backend, one) for one in backend.addresses if one.priority == priority])
        for place, priority in enumerate(used)
    ]
    return ClusterLoadAssignment(cluster_name=name, endpoints=groups)


def _endpoint(backend: Backend, address: Address) -> LbEndpoint:
    socket = SocketAddress(address=address.host, port_value=address.port)
    found = LbEndpoint(endpoint=Endpoint(address=EnvoyAddress(socket_address=socket)))
    if len(backend.addresses) > 1:
        found.load_balancing_weight.value = address.weight
    if names_hosts(backend):
        found.endpoint.hostname = authority_of(backend, address)
    if _hosts_differ(backend):
        found.metadata.filter_metadata[_MATCHED].update({"host": address.host})
    return found


def speak_tls(cluster: Cluster, backend: Backend, identity: Identity | None) -> None:
    """Have *cluster* speak TLS to each address, presenting *identity* if there is one."""
    cluster.transport_socket.CopyFrom(transport_socket(backend, identity, host=backend.host))
    for host in backend.hosts if _hosts_differ(backend) else ():
        match = cluster.transport_socket_matches.add(name=host, transport_socket=transport_socket(backend, identity, host=host))
        match.match.update({"host": host})


def set_limits(cluster: Cluster, backend: Backend) -> None:
    """Have *cluster* give its back end no more at once than the entry says."""
    if backend.sharing is None:
        return
    limits, (thresholds,) = backend.sharing.limits, cluster.circuit_breakers.thresholds
    named = {"max_connections": limits.connections, "max_pending_requests": limits.waiting, "max_requests": limits.calls}
    for name, value in named.items():
        if value is not None:
            getattr(thresholds, name).CopyFrom(UInt32Value(value=value))


def _hosts_differ(backend: Backend) -> bool:
    return backend.scheme == "https" and len(backend.hosts) > 1
