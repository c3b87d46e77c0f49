"""Which addresses may be called, and why not. [pure]

Source: the special-purpose address registries of IANA, and the clouds' own documents for their metadata addresses.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_METADATA_ADDRESSES = frozenset(
    ip_address(address)
    for address in (
        "169.254.169.254",  # most clouds
        "169.254.170.2",  # containers of AWS
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google Cloud
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure
        "192.0.0.192",  # Oracle Cloud
    )
)
# IPv6 addresses that stand for an IPv4 address in their last 32 bits, beyond those the standard library knows.
_EMBEDDING = tuple(ip_network(network) for network in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96"))
_BROADCAST = ip_address("255.255.255.255")
_THIS_NETWORK = ip_network("0.0.0.0/8")


class Forbidden(StrEnum):
    """Why nothing may be called there."""

    METADATA = "metadata"
    LINK_LOCAL = "link-local"
    UNSPECIFIED = "unspecified"
    GROUP = "group"
    LOOPBACK = "loopback"
    RESERVED = "reserved"


_RULES: tuple[tuple[Callable[[Address], bool], Forbidden], ...] = (
    (lambda address: address in _METADATA_ADDRESSES, Forbidden.METADATA),
    (lambda address: address.is_link_local, Forbidden.LINK_LOCAL),
    (lambda address: address.is_unspecified or address in _THIS_NETWORK, Forbidden.UNSPECIFIED),
    (lambda address: address.is_multicast or address == _BROADCAST, Forbidden.GROUP),
    (lambda address: address.is_loopback, Forbidden.LOOPBACK),
    (lambda address: address.version == 4 and address.is_reserved, Forbidden.RESERVED),  # noqa: PLR2004 - IPv4
)


def forbidden(address: Address, allowed: Iterable[Network]) -> Forbidden | None:
    """Return why *address* may not be called, ``None`` if it may. An IPv6 address that carries an IPv4 address is judged by both.

    :param allowed: networks whose loopback addresses are fine
    """
    networks = tuple(allowed)
    return next((reason for one in _faces(address) if (reason := _forbidden(one, networks))), None)


def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses of *host* as the system finds them, each once.

    :raises OSError: if it has none
    :raises UnicodeError: if no host can have this name
    """
    return list(dict.fromkeys(str(found[-1][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def callable_ones(addresses: Iterable[str], allowed: Iterable[Network]) -> list[str]:
    """Return those that may be called.

    :param allowed: networks whose loopback addresses are fine
    """
    networks = tuple(allowed)
    return [one for one in addresses if forbidden(ip_address(one.partition("%")[0]), networks) is None]


def _forbidden(address: Address, allowed: tuple[Network, ...]) -> Forbidden | None:
    if address.is_loopback and any(address in network for network in allowed):
        return None
    return next((reason for applies, reason in _RULES if applies(address)), None)


def _faces(address: Address) -> Iterator[Address]:
    """Yield the address and the IPv4 addresses it carries."""
    if isinstance(address, IPv4Address):
        yield address
        return
    carried = {address.ipv4_mapped, address.sixtofour, *(address.teredo or ())}
    if any(address in network for network in _EMBEDDING) and int(address) > 1:  # :: and ::1 are themselves
        carried.add(IPv4Address(int(address) & 0xFFFFFFFF))
    carried.discard(None)
    if address.ipv4_mapped is None:
        yield address
    yield from (one for one in carried if one is not None)
