"""The routes by which browsers' preflights are answered or passed on, and what answers tell browsers. [pure]"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from envoy.config.route.v3.route_components_pb2 import Route, RouteAction, RouteMatch

from apis.policy.model import Policy, Preflights
from gateway.compile.calls.cors import answers_to_browsers, is_preflight, may_call, nothing_for_browsers
from gateway.compile.calls.overriding import OVERRIDING_HEADERS
from gateway.compile.calls.root import ROOT, without_a_key
from gateway.compile.names import CALLERS_FILTER, CORS_FILTER, KEYS_FILTER, cluster_name
from gateway.compile.resource import pack


def let_browsers_read(route: Route, policy: Policy) -> None:
    """Have the answers of *route* tell browsers what the API's rule says.

    Each route by itself: Envoy takes what a route's own rule leaves empty from its host's.
    """
    if policy.cors:
        verbs = (operation.method for operation in policy.operations)
        route.typed_per_filter_config[CORS_FILTER].CopyFrom(pack(answers_to_browsers(policy.cors, verbs)))


def preflights(policy: Policy, routes: Sequence[Route]) -> Iterator[Route]:
    """Yield the routes of preflights, to stand before the others, if they are told apart from other calls.

    :param routes: of the API's operations
    """
    match policy.forwarding.preflights:
        case Preflights.BACK_END:
            yield from _to_the_back_end(policy, routes)
        case Preflights.GATEWAY:
            yield from _to_the_gateway(policy)
        case Preflights.REFUSED:
            return


def _to_the_gateway(policy: Policy) -> Iterator[Route]:
    """Yield the routes of preflights, of sites that may call and of others. The filter answers all, but only on the way to a back end."""
    if not policy.cors:
        return
    action = RouteAction(cluster=cluster_name(policy.api_id))
    allowed = RouteMatch(prefix="/", headers=[*is_preflight(), may_call(policy.cors)])
    answered = Route(name=policy.path or ROOT, match=allowed, route=action)
    let_browsers_read(answered, policy)
    yield answered
    refused = Route(name=policy.path or ROOT, match=RouteMatch(prefix="/", headers=is_preflight()), route=action)
    refused.typed_per_filter_config[CORS_FILTER].CopyFrom(pack(nothing_for_browsers()))
    yield refused


def _to_the_back_end(policy: Policy, routes: Sequence[Route]) -> Iterator[Route]:
    """Yield the routes by which preflights reach the back end without a key, wherever an operation is."""
    seen: set[bytes] = set()
    for route in routes:
        preflight = Route()
        preflight.CopyFrom(route)
        others = [condition for condition in route.match.headers if condition.name != ":method"]
        del preflight.match.headers[:]
        preflight.match.headers.extend([*others, *is_preflight()])
        preflight.route.ClearField("retry_policy")
        preflight.request_headers_to_remove.extend(OVERRIDING_HEADERS)  # or it would be a call by another verb, without a key
        preflight.metadata.filter_metadata.pop(CALLERS_FILTER, None)  # browsers show no certificate with it (Fetch standard, 4.8)
        if (written := preflight.match.SerializeToString(deterministic=True)) not in seen:
            seen.add(written)
            preflight.typed_per_filter_config[KEYS_FILTER].CopyFrom(pack(without_a_key(policy)))
            yield preflight
