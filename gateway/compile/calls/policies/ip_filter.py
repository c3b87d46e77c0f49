"""``<ip-filter>``: role-based access control by the caller's address, of a route. [pure]

The address is the one that ``X-Forwarded-For`` names behind trusted proxies, else the connection's. Proxies that listen for both versions
of IP write those of IPv4 as mapped ones (RFC 4291, 2.5.5.2), which Envoy takes for others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

from envoy.config.core.v3.address_pb2 import CidrRange
from envoy.config.rbac.v3.rbac_pb2 import RBAC, Permission, Principal
from envoy.config.rbac.v3.rbac_pb2 import Policy as Rule
from envoy.config.route.v3.route_components_pb2 import Route
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC as Filter  # noqa: N811 - it is the filter of that name
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBACPerRoute
from google.protobuf.wrappers_pb2 import UInt32Value

from apis.policy.statements.ip_filter import IpFilter, Network
from gateway.compile.names import IP_FILTER
from gateway.compile.resource import pack

_MAPPED = IPv6Network("::ffff:0:0/96")


def address_check() -> Filter:
    """Return the filter; it lets everybody pass where no route says otherwise."""
    return Filter()


def let_in(route: Route, statements: Sequence[IpFilter]) -> None:
    """Have *route* let in only whom all *statements* let in."""
    if not statements:
        return
    who = Principal(and_ids=Principal.Set(ids=[_who(one) for one in statements]))
    rules = RBAC(action=RBAC.ALLOW, policies={IP_FILTER: Rule(permissions=[Permission(any=True)], principals=[who])})
    route.typed_per_filter_config[IP_FILTER].CopyFrom(pack(RBACPerRoute(rbac=Filter(rules=rules))))


def _who(statement: IpFilter) -> Principal:
    networks = (spelling for one in statement.networks for spelling in _spellings(one))
    named = Principal(or_ids=Principal.Set(ids=[Principal(remote_ip=_range(one)) for one in networks]))
    return named if statement.allow else Principal(not_id=named)


def _spellings(network: Network) -> Iterator[Network]:
    yield network
    if isinstance(network, IPv4Network):
        yield IPv6Network((int(_MAPPED.network_address) | int(network.network_address), _MAPPED.prefixlen + network.prefixlen))
    elif network.subnet_of(_MAPPED):
        yield IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - _MAPPED.prefixlen))


def _range(network: Network) -> CidrRange:
    return CidrRange(address_prefix=str(network.network_address), prefix_len=UInt32Value(value=network.prefixlen))
