"""The address that answers 200 once the gateway has its configuration. [pure]"""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import Route, RouteMatch, VirtualHost

from gateway.compile.calls.routes import not_found, routes_and_scope
from gateway.compile.calls.subscribed import switched_off
from gateway.compile.names import KEYS_FILTER
from gateway.compile.resource import Resource, pack

STATUS_SEGMENT = "status-0123456789abcdef"
STATUS_PATH = f"/{STATUS_SEGMENT}"


def compile_status() -> tuple[Resource, ...]:
    """Return the routes and the scope of the status address. Sent after everything else, it says that everything has arrived."""
    status = Route(name=STATUS_SEGMENT, match=RouteMatch(path=STATUS_PATH))
    status.direct_response.status = 200
    status.typed_per_filter_config[KEYS_FILTER].CopyFrom(pack(switched_off()))
    return routes_and_scope(STATUS_SEGMENT, VirtualHost(routes=[status, not_found(STATUS_SEGMENT)]))
