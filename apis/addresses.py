"""Which addresses a back end may have. Nothing is looked up here but by :func:`callable_address`.

Refused always: what no back end has (unspecified, multicast, broadcast and reserved addresses) and what would hand the gateway's
own machine to whoever may edit an API (link-local addresses and the metadata services of clouds). Loopback addresses are refused
unless the operator allows them. Private networks are fine: that is where back ends live.
Source: the special-purpose address registries of IANA, and the clouds' own documents for their metadata addresses.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"})

# IPv6 addresses that stand for an IPv4 address in their last 32 bits, beyond those the standard library knows.
_EMBEDDING = tuple(ip_network(network) for network in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96"))
_BROADCAST = ip_address("255.255.255.255")
_THIS_NETWORK = ip_network("0.0.0.0/8")
_NUMERIC_PART = re.compile(r"(?:\d+|0[xX][0-9a-fA-F]*)\Z", re.ASCII)

_REFUSALS: tuple[tuple[Callable[[Address], bool], Promise], ...] = (
    (lambda address: address in _METADATA_ADDRESSES, _("This is the address of a cloud's metadata service, which no API may reach.")),
    (lambda address: address.is_link_local, _("This is a link-local address, which no API may reach.")),
    (
        lambda address: address.is_unspecified or address in _THIS_NETWORK,
        _("This address stands for no machine in particular; write the back end's own."),
    ),
    (
        lambda address: address.is_multicast or address == _BROADCAST,
        _("This address belongs to a group of machines; write the back end's own."),
    ),
    (lambda address: address.is_loopback, _("This address is the gateway's own machine; the operator has not allowed that.")),
    (lambda address: address.version == 4 and address.is_reserved, _("This address is reserved; no back end has it.")),  # noqa: PLR2004 - IPv4
)


class NotAnAddress(ValueError):
    """A host that is written as an address but is none, such as 1.2.3.999."""


def address_of(host: str) -> Address | None:
    """Return the address that *host* spells in whatever way resolvers accept, ``None`` if it is a name.

    Decimal (2130706433), octal (0177.0.0.1), hexadecimal (0x7f.1) and short (127.1) spellings count, as browsers and resolvers read them:
    a host whose last part is a number is an address.

    :raises NotAnAddress: if it is written as an address but is none
    """
    if ":" in host:
        if "%" in host:  # a zone: it names an interface of this machine
            raise NotAnAddress(host)
        try:
            return ip_address(host)
        except ValueError as error:
            raise NotAnAddress(host) from error
    if not _NUMERIC_PART.match(host.rpartition(".")[2]):
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError as error:
        raise NotAnAddress(host) from error


def refusal_of(address: Address, *, allowed: Iterable[Network]) -> Promise | None:
    """Return the sentence that says why a back end may not have *address*, ``None`` if it may.

    An IPv6 address that carries an IPv4 address is judged by both.

    :param allowed: networks whose loopback addresses are fine
    """
    networks = tuple(allowed)
    return next((refusal for one in _faces(address) if (refusal := _refusal_of(one, networks))), None)


def callable_address(host: str, port: int, allowed: Iterable[Network]) -> str:
    """Return the first address of *host* that may be called, judged after its name was looked up.

    :param allowed: networks whose loopback addresses are fine
    :raises OSError: if it has none
    """
    networks = tuple(allowed)
    for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = str(found[-1][0])
        if refusal_of(ip_address(address.partition("%")[0]), allowed=networks) is None:
            return address
    raise OSError("no address that may be called")


def _refusal_of(address: Address, allowed: tuple[Network, ...]) -> Promise | None:
    if address.is_loopback and any(address in network for network in allowed):
        return None
    return next((sentence for applies, sentence in _REFUSALS if applies(address)), None)


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
