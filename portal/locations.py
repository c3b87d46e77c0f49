"""Where something that listens is reached."""

from __future__ import annotations

import ipaddress


def url_of(host: str, port: int, *, scheme: str = "http") -> str:
    """Return the URL under which somebody on this machine reaches what listens on *host* and *port*."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"{scheme}://{host}:{port}"
    if address.is_unspecified:  # listening everywhere
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")  # noqa: PLR2004 - IPv4
    return f"{scheme}://[{address}]:{port}" if address.version == 6 else f"{scheme}://{address}:{port}"  # noqa: PLR2004 - IPv6
