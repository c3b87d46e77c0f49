"""``<ip-filter>``: let callers pass, or refuse them, by their addresses. [pure]"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from apis.policy.elements import Element
from apis.policy.sentences import Sentence

NAME = "ip-filter"
MOST_ADDRESSES = 500
MOST_NETWORKS = 2000  # that the ranges come to: each is compared with the caller's address, in each route that has them
_ACTIONS = {"allow": True, "forbid": False}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class IpFilter:
    """Let only callers of these addresses pass, or all but them.

    :ivar ranges: the first address and the last, each
    """

    allow: bool
    ranges: tuple[tuple[Address, Address], ...]

    @property
    def networks(self) -> tuple[Network, ...]:
        """The same addresses as networks (CIDR)."""
        found = (_between(*one) for one in self.ranges)
        return tuple(network for networks in found for network in networks)


def element_of(statement: IpFilter) -> Element:
    """Return the statement as an element."""
    return Element(NAME, {"action": "allow" if statement.allow else "forbid"}, [_written(*one) for one in statement.ranges])


def read_ip_filter(element: Element) -> IpFilter:
    """Return the statement that *element* is. ``<address>`` takes a network (CIDR), too.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    element.refuse_attributes("action")
    element.refuse_text()
    if (allow := _ACTIONS.get(element.needed("action"))) is None:
        element.refuse(Sentence("action is allow or forbid."))
    if not 0 < len(element.children) <= MOST_ADDRESSES:
        element.refuse(Sentence("<%(name)s> holds 1 to %(most)s <address> and <address-range> elements.", name=NAME, most=MOST_ADDRESSES))
    statement = IpFilter(allow=allow, ranges=tuple(map(_range, element.children)))
    if (number := len(statement.networks)) > MOST_NETWORKS:
        element.refuse(
            Sentence(
                "These ranges come to %(number)s networks, and the gateway takes %(most)s; let them begin and end where networks do, "
                "or write the networks themselves, for instance 10.0.0.0/8.",
                number=number,
                most=MOST_NETWORKS,
            )
        )
    return statement


def _between(first: Address, last: Address) -> Iterator[Network]:
    if isinstance(first, ipaddress.IPv4Address) and isinstance(last, ipaddress.IPv4Address):
        return ipaddress.summarize_address_range(first, last)
    assert isinstance(first, ipaddress.IPv6Address)  # noqa: S101 - as they were read
    assert isinstance(last, ipaddress.IPv6Address)  # noqa: S101
    return ipaddress.summarize_address_range(first, last)


def _written(first: Address, last: Address) -> Element:
    if first == last:
        return Element("address", text=str(first))
    return Element("address-range", {"from": str(first), "to": str(last)})


def _range(element: Element) -> tuple[Address, Address]:
    if element.name == "address":
        element.refuse_attributes()
        element.refuse_children()
        return _network(element, element.text)
    if element.name != "address-range":
        element.refuse(Sentence("<%(name)s> holds <address> and <address-range> only.", name=NAME))
    element.refuse_attributes("from", "to")
    element.refuse_content()
    first, last = (_network(element, element.needed(name))[0] for name in ("from", "to"))
    if first.version != last.version or int(first) > int(last):
        element.refuse(Sentence("from is an address before to, and of the same kind."))
    return first, last


def _network(element: Element, text: str) -> tuple[Address, Address]:
    try:
        network = ipaddress.ip_network(text.strip())
    except ValueError:
        element.refuse(Sentence("“%(text)s” is no IP address.", text=text.strip()))
    return network[0], network[-1]
