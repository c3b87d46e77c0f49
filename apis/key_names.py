"""Under which names callers may send a subscription key. Pure.

A key is taken out of the call before the back end sees it. So its name is one that neither HTTP nor the gateway needs for itself,
and none that only differs from such a name by ``_`` for ``-``, which many back ends read alike.
"""

from __future__ import annotations

import re

from apis.policy.model import DEFAULT_KEY_HEADER

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")  # RFC 9110, 5.6.2
_QUERY = re.compile(r"[A-Za-z0-9._~-]{1,100}\Z")
_GATEWAYS_OWN = re.compile(
    r"x-(?:forwarded|portal|envoy)(?:-.*)?|x-activity-id|x-failure-kind|forwarded|via|x-(?:http-)?method-override|x-http-method"
)
_OF_HTTP = frozenset(
    {
        *("host", "connection", "keep-alive", "proxy-connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade"),
        *("expect", "http2-settings", "content-type", "content-encoding", "range", "cookie", "date", "origin"),
        *("accept", "accept-encoding", "user-agent", "access-control-request-method", "access-control-request-headers"),
        *("sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions"),
        # Callers prove themselves to the back end with it, and the gateway does with basic credentials.
        *("authorization", "proxy-authorization"),
    }
)


def is_header_name(text: str) -> bool:
    """Tell whether callers can send a key in a header of this name."""
    return bool(_HEADER.match(text))


def is_query_name(text: str) -> bool:
    """Tell whether callers can send a key in a query parameter of this name."""
    return bool(_QUERY.match(text))


def is_in_use(header: str) -> bool:
    """Tell whether HTTP or the gateway needs a *header* of this name for something else."""
    name = header.lower()
    plain = name.replace("_", "-")
    is_twin = plain == DEFAULT_KEY_HEADER.lower() and name != plain
    return is_twin or plain in _OF_HTTP or _GATEWAYS_OWN.fullmatch(plain) is not None
