"""The HTTP filters of the gateway, in order, with the reason for each position. [pure]"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from envoy.config.core.v3.config_source_pb2 import ExtensionConfigSource
from envoy.extensions.filters.http.cors.v3.cors_pb2 import Cors
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

from gateway.compile import names
from gateway.compile.answers.response_scripts import response_scripts
from gateway.compile.callers.check import caller_check, link_check
from gateway.compile.calls.paths import path_check
from gateway.compile.calls.policies.ip_filter import address_check
from gateway.compile.calls.policies.query import query_parameters
from gateway.compile.calls.root import routes_of_root
from gateway.compile.edge.trailers import no_own_trailers
from gateway.compile.edge.websockets import only_http1
from gateway.compile.keys.check import key_check_by_control_plane, sharded_key_check
from gateway.compile.keys.places import only_with_query_key, under_own_names
from gateway.compile.resource import pack

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message


class Position(NamedTuple):
    """A filter at its place."""

    name: str
    config: Callable[[], Message]  # an ExtensionConfigSource: where the configuration comes from
    on: bool  # whether it runs where no route says otherwise
    why_here: str


FILTERS = (
    Position(names.PATHS_FILTER, path_check, True, "first: what it refuses, nothing else needs to understand"),
    Position(
        names.KEY_NAMES_FILTER,
        under_own_names,
        False,
        "before the check: brings a key under an API's own names to the header; routes switch it on",
    ),
    Position(names.KEY_QUERY_FILTER, only_with_query_key, True, "brings a key from query or path to the header the check reads"),
    Position(
        names.ROOT_FILTER,
        routes_of_root,
        True,
        "behind the published names, for an API at the root may have its own; routes switch it off, so it runs where there are none",
    ),
    Position(names.CORS_FILTER, Cors, True, "behind the root's routes, which may have a rule; before the keys, which a preflight has not"),
    Position(
        names.CALLERS_FILTER,
        caller_check,
        True,
        "behind the root's routes, which may have a rule, and the preflights, for which browsers show no certificate; routes switch it off",
    ),
    *(
        Position(name, functools.partial(link_check, link), True, "behind the one that finds the path")
        for link, name in names.LINK_FILTERS.items()
    ),
    Position(
        names.KEY_SHARDS_FILTER,
        sharded_key_check,
        False,
        "anywhere, for it never runs: it keeps the shards at hand, so that the key check finds them complete when it takes their form",
    ),
    Position(
        names.KEYS_FILTER,
        key_check_by_control_plane,
        True,
        "needs the key in its header; on by default, and refuses unless the route has a rule",
    ),
    Position(names.IP_FILTER, address_check, True, "behind the keys, as the published service has it; routes switch it off"),
    Position(names.QUERY_FILTER, query_parameters, True, "behind what reads a key out of the query; routes switch it off"),
    Position(names.TRAILERS_FILTER, no_own_trailers, True, "anywhere: it looks at what comes behind the bodies"),
    Position(names.REDIRECTS_FILTER, response_scripts, True, "anywhere: it looks at what the back end answers"),
    Position("router", lambda: Router(suppress_envoy_headers=True), True, "last, as Envoy demands"),
)


def http_filters() -> list[HttpFilter]:
    """Return the filters as Envoy takes them."""
    return [_http_filter(place) for place in FILTERS]


def filters_of_websockets() -> list[HttpFilter]:
    """Return the filters for calls that upgrade: the same, and the one that has them speak HTTP/1.1."""
    *before, router = http_filters()
    return [*before, HttpFilter(name=names.HTTP1_FILTER, typed_config=pack(only_http1())), router]


def _http_filter(place: Position) -> HttpFilter:
    config = place.config()
    if isinstance(config, ExtensionConfigSource):
        return HttpFilter(name=place.name, config_discovery=config, disabled=not place.on)
    return HttpFilter(name=place.name, typed_config=pack(config), disabled=not place.on)
