"""Calls that upgrade to a WebSocket (RFC 6455): HTTP/1.1 to the back end, whatever it else speaks. [pure]

Hardly a server takes a WebSocket over HTTP/2 (RFC 8441), so such a call must not use a connection on which ALPN has chosen that.
What is offered in the handshake is a matter of each call's, so the others' connections and costs stay as they are. An API that
speaks HTTP/2 only switches it off.
"""

from __future__ import annotations

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.core.v3.substitution_format_string_pb2 import SubstitutionFormatString
from envoy.extensions.filters.common.set_filter_state.v3.value_pb2 import FilterStateValue
from envoy.extensions.filters.http.set_filter_state.v3.set_filter_state_pb2 import Config

UPGRADE = "websocket"
_OFFERED = "envoy.network.application_protocols"  # where Envoy's TLS socket looks for what to offer instead of the cluster's own


def only_http1() -> Config:
    """Return the filter that has HTTP/1.1 alone offered to the back end."""
    offer = FilterStateValue(
        object_key=_OFFERED,
        format_string=SubstitutionFormatString(text_format_source=DataSource(inline_string="http/1.1")),
        shared_with_upstream=FilterStateValue.ONCE,
    )
    return Config(on_request_headers=[offer])
