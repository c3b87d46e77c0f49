"""What the routes of an API say of its switches: by these marks each call is logged or traced, or not. [pure]"""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import Route

from apis.policy.model import Watched

LOGGED, TRACED = "portal.logged", "portal.traced"  # namespaces of metadata on routes
PERMILLE = "permille"  # of TRACED: how many of a thousand calls begin a trace


def mark(route: Route, watched: Watched) -> None:
    """Mark *route* as its API is *watched*; one that is not, gets nothing."""
    if watched.logged:
        route.metadata.filter_metadata[LOGGED].update({"log": "yes"})
    if watched.traced_percent:
        route.metadata.filter_metadata[TRACED].update({PERMILLE: watched.traced_percent * 10})
