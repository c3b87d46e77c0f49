"""Which addresses a back end may have, in words. Nothing is looked up here but by :func:`callable_address`.

Refused always: what no back end has (unspecified, multicast, broadcast and reserved addresses) and what would hand the gateway's
own machine to whoever may edit an API (link-local addresses and the metadata services of clouds). Loopback addresses are refused
unless the operator allows them. Private networks are fine: that is where back ends live. The rules: :mod:`apis.handshake.reach`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.handshake.reach import Address, Forbidden, Network, addresses_of, callable_ones, forbidden

METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"})
_NUMERIC_PART = re.compile(r"(?:\d+|0[xX][0-9a-fA-F]*)\Z", re.ASCII)

_SENTENCES: dict[Forbidden, Promise] = {
    Forbidden.METADATA: _("This is the address of a cloud's metadata service, which no API may reach."),
    Forbidden.LINK_LOCAL: _("This is a link-local address, which no API may reach."),
    Forbidden.UNSPECIFIED: _("This address stands for no machine in particular; write the back end's own."),
    Forbidden.GROUP: _("This address belongs to a group of machines; write the back end's own."),
    Forbidden.LOOPBACK: _("This address is the gateway's own machine; the operator has not allowed that."),
    Forbidden.RESERVED: _("This address is reserved; no back end has it."),
}


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

    :param allowed: networks whose loopback addresses are fine
    """
    reason = forbidden(address, allowed)
    return _SENTENCES[reason] if reason else None


def callable_address(host: str, port: int, allowed: Iterable[Network]) -> str:
    """Return the first address of *host* that may be called, judged after its name was looked up.

    :param allowed: networks whose loopback addresses are fine
    :raises OSError: if it has none
    """
    if found := callable_ones(addresses_of(host, port), allowed):
        return found[0]
    raise OSError("no address that may be called")
