"""The routes of one first path segment, and the scope that finds them. [pure]

A call is routed in constant time: the scope by the first segment, within it the API by the longest path (a tree of prefixes),
within the API the operations, the most specific first. What is left is 404.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from envoy.config.route.v3.route_components_pb2 import (
    HeaderMatcher,
    QueryParameterMatcher,
    Route,
    RouteAction,
    RouteList,
    RouteMatch,
    VirtualHost,
)
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.config.route.v3.scoped_route_pb2 import ScopedRouteConfiguration
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from xds.type.matcher.v3.matcher_pb2 import Matcher

from apis.policy.model import OperationPattern, Policy, Protocol
from gateway.compile.callers.rule import rule_of
from gateway.compile.calls.cors import varies_by_origin
from gateway.compile.calls.forwarding import forward
from gateway.compile.calls.hosts import under
from gateway.compile.calls.overriding import OVERRIDING_HEADERS, asks_for_another_verb
from gateway.compile.calls.paths import names_once, without_path_parameters
from gateway.compile.calls.policies import MOST_BODY, applied, unused_filters
from gateway.compile.calls.preflights import let_browsers_read, preflights
from gateway.compile.calls.redirects import say_what_answers_mean
from gateway.compile.calls.retries import SAFE_METHODS, is_safe, not_answered, not_begun
from gateway.compile.calls.root import ROOT, open_to_all, own_names_of_root, scope_key, without_a_key
from gateway.compile.calls.subscribed import subscribers_of, switched_off
from gateway.compile.calls.templates import Pattern, QueryPart, matches, query_parts, specificity
from gateway.compile.keys.owners import KeysOfApis, counting_by_key
from gateway.compile.keys.places import has_own_names, own_names, own_names_metadata
from gateway.compile.matching import on_match, request_header
from gateway.compile.names import (
    CALLER_HEADER,
    CALLERS_FILTER,
    HTTP1_FILTER,
    KEY_HEADER,
    KEY_NAMES_FILTER,
    KEY_QUERY_FILTER,
    KEYS_FILTER,
    LINK_FILTERS,
    OPERATION,
    OPERATION_METADATA,
    OWN_ANSWER_HEADERS,
    OWNER_HEADER,
    ROOT_FILTER,
    SCOPE_HEADER,
    VIRTUAL_HOST,
    base_of,
    cluster_name,
    segment_name,
)
from gateway.compile.resource import Resource, pack
from gateway.compile.telemetry import mark

ANY_METHOD = "*"
_ENVOYS_OWN = ("x-envoy-internal", "x-envoy-external-address")  # what Envoy adds for other Envoys


def compile_segment(segment: str, policies: Collection[Policy], keys: KeysOfApis | None = None) -> tuple[Resource, ...]:
    """Return the routes and the scope of *segment*, in the order they must arrive; nothing if there are no APIs in it.

    :param policies: the APIs whose path begins with *segment*, in any order
    :param keys: what opens those of them that count their calls by subscription
    """
    if not policies:
        return ()
    ordered = sorted(policies, key=lambda policy: policy.path)
    named = keys or {}
    host = _one_api(ordered[0], named) if len(ordered) == 1 else _several_apis(ordered, named)
    host.virtual_clusters.extend(counting_by_key(named))
    asks = any(policy.caller_certificate for policy in policies)
    return routes_and_scope(segment, host, asks=asks, policies=[policy for policy in policies if policy.says_more])


def routes_and_scope(segment: str, host: VirtualHost, *, asks: bool = False, policies: Collection[Policy] = ()) -> tuple[Resource, ...]:
    """Return *host* as the routes of *segment*, and its scope.

    :param asks: whether routes of it have rules about callers' certificates; otherwise nobody looks for one
    :param policies: those in it that hold statements
    """
    name = segment_name(segment)
    host.name = VIRTUAL_HOST
    host.domains.append("*")
    routes = RouteConfiguration(
        name=name,
        virtual_hosts=[host],
        request_headers_to_remove=[SCOPE_HEADER, KEY_HEADER, CALLER_HEADER, *_ENVOYS_OWN],
        response_headers_to_remove=OWN_ANSWER_HEADERS,  # of a back end's answers; the gateway's own come later
    )
    if host.virtual_clusters:
        routes.request_headers_to_remove.append(OWNER_HEADER)
    _switch_off(routes, ROOT_FILTER, *unused_filters(policies), *(() if asks else (CALLERS_FILTER, *LINK_FILTERS.values())))
    if policies:
        routes.most_specific_header_mutations_wins = True
        routes.max_direct_response_body_size_bytes.value = MOST_BODY
    scope = ScopedRouteConfiguration(name=name, route_configuration_name=name)
    scope.key.fragments.add(string_key=scope_key(segment))
    return Resource.of(name, routes), Resource.of(name, scope)


def not_found(name: str) -> Route:
    """Return the route that answers 404 to whatever no operation has matched, with or without a key."""
    route = Route(name=name, match=RouteMatch(prefix="/"))
    route.direct_response.status = 404
    _switch_off(route, KEYS_FILTER)
    return route


def _one_api(policy: Policy, keys: KeysOfApis) -> VirtualHost:
    """Return a host that holds the API's rule once for all its routes."""
    host = VirtualHost(routes=_routes(policy), retry_policy=not_begun())
    say_what_answers_mean(host, policy)
    if policy.path:
        _set_filters(host, policy, keys)
    else:
        _set_filters_of_root(host, policy, keys)
    return host


def _several_apis(policies: Sequence[Policy], keys: KeysOfApis) -> VirtualHost:
    """Return a host that finds the API by the longest path. The tree looks at the path with a slash behind it: `/a` is not `/ab`."""
    routes = {f"/{policy.path}/": _lead_to(_with_filters(policy, keys)) for policy in policies}
    tree = Matcher.MatcherTree(input=request_header("path", SCOPE_HEADER), prefix_match_map=Matcher.MatcherTree.MatchMap(map=routes))
    nowhere = _lead_to([not_found("none")])
    return VirtualHost(matcher=Matcher(matcher_tree=tree, on_no_match=nowhere), retry_policy=not_begun())


def _lead_to(routes: Sequence[Route]) -> Matcher.OnMatch:
    return on_match("routes", RouteList(routes=routes))


def _with_filters(policy: Policy, keys: KeysOfApis) -> list[Route]:
    *operations, rest = _routes(policy)
    for route in operations:
        _set_filters(route, policy, keys)
        if route.HasField("route"):
            say_what_answers_mean(route, policy)
    return [*operations, rest]


def _routes(policy: Policy) -> list[Route]:
    """Return a route per thing an operation matches, the most specific operation first, then 404; preflights before all."""
    operations = sorted(policy.operations, key=_order)
    routes = [route for operation in operations for route in _operation_routes(policy, operation)]
    nothing = not_found(policy.path or ROOT)
    for route in (*routes, nothing):
        let_browsers_read(route, policy)
        mark(route, policy.watched)
    passed_on = [route for one in operations for route in _operation_routes(policy, one, checks=False)] if policy.says_more else routes
    answering = [*preflights(policy, passed_on), *_overriding(policy, operations), *routes]
    if policy.hosts:
        for route in answering:
            route.match.headers.append(under(policy.hosts))
    return [*answering, nothing]


def _overriding(policy: Policy, operations: Sequence[OperationPattern]) -> Iterator[Route]:
    """Yield the routes of calls that ask the back end for another verb, if there is a verb that is not let through."""
    if all(operation.method == ANY_METHOD for operation in operations):
        return
    of_any_verb = (operation for operation in operations if operation.method == ANY_METHOD)
    for route in asks_for_another_verb(route for operation in of_any_verb for route in _operation_routes(policy, operation)):
        if route.name in OVERRIDING_HEADERS:
            route.typed_per_filter_config[KEYS_FILTER].CopyFrom(pack(without_a_key(policy)))
        let_browsers_read(route, policy)
        mark(route, policy.watched)
        yield route


def _order(operation: OperationPattern) -> tuple[object, ...]:
    return (specificity(operation.url_template), operation.method == ANY_METHOD, operation)


def _operation_routes(policy: Policy, operation: OperationPattern, *, checks: bool = True) -> Iterator[Route]:
    """Yield the routes of an operation, with what its policy says; without *checks*, with what that does to calls that pass."""
    for route in _forwarding_routes(policy, operation):
        if policy.says_more:
            yield from applied(route, policy, operation, checks=checks)
        else:
            yield route


def _forwarding_routes(policy: Policy, operation: OperationPattern) -> Iterator[Route]:
    query = [_query_parameter(part) for part in query_parts(operation.url_template)]
    for match in matches(base_of(policy.path), operation.url_template):
        for target, action in forward(policy, match):
            target.query_parameters.extend(query)
            target.headers.extend(names_once(one.name) for one in query)
            if isinstance(match, Pattern) and match.parts:
                target.headers.append(without_path_parameters())
            yield from _by_safety(policy, operation, target, action)


def _by_safety(policy: Policy, operation: OperationPattern, match: RouteMatch, action: RouteAction) -> Iterator[Route]:
    """Yield the route of *match*; where any verb matches, what may be sent twice has a route of its own before the other's."""
    tries_again = policy.forwarding.retry and not policy.backend.speaks_http2
    safe = RouteAction(retry_policy=not_answered())
    safe.MergeFrom(action)
    if tries_again and operation.method == ANY_METHOD:
        of_safe_calls = RouteMatch(headers=[is_safe()])
        of_safe_calls.MergeFrom(match)
        yield _route(policy, operation, of_safe_calls, safe)
    yield _route(policy, operation, match, safe if tries_again and operation.method in SAFE_METHODS else action)


def _query_parameter(part: QueryPart) -> QueryParameterMatcher:
    if part.value is None:
        return QueryParameterMatcher(name=part.name, present_match=True)
    return QueryParameterMatcher(name=part.name, string_match=StringMatcher(exact=part.value))


def _route(policy: Policy, operation: OperationPattern, match: RouteMatch, action: RouteAction) -> Route:
    if operation.method != ANY_METHOD:
        match.headers.append(HeaderMatcher(name=":method", string_match=StringMatcher(exact=operation.method)))
    # The name is the API's path: the answers without a key quote it. Calls are counted per route, under the cluster's name: a cluster's own
    # counters end with it when a change replaces it, those of routes belong to the listener.
    route = Route(name=policy.path or ROOT, match=match, route=action, stat_prefix=cluster_name(policy.api_id))
    if has_own_names(policy.key_check):
        route.metadata.CopyFrom(own_names_metadata(policy.key_check))
    route.metadata.filter_metadata[OPERATION_METADATA].update({OPERATION: operation.name})
    if policy.cors:
        route.response_headers_to_add.append(varies_by_origin())
    if rule := policy.caller_certificate:
        route.metadata.filter_metadata[CALLERS_FILTER].CopyFrom(rule_of(policy, rule))
    return route


def _set_filters(place: Route | VirtualHost, policy: Policy, keys: KeysOfApis) -> None:
    """Set what the filters shall do for the API. They are on unless switched off here: what is forgotten is closed."""
    filters = place.typed_per_filter_config
    if KEYS_FILTER not in filters:
        filters[KEYS_FILTER].CopyFrom(pack(subscribers_of(policy.api_id, keys) if policy.key_check.required else switched_off()))
    if has_own_names(policy.key_check):
        filters[KEY_NAMES_FILTER].CopyFrom(pack(own_names(policy.key_check)))
        _switch_off(place, KEY_QUERY_FILTER)
    if policy.backend.http is Protocol.HTTP2:
        _switch_off(place, HTTP1_FILTER)  # WebSockets too, then, by HTTP/2 (RFC 8441) or not at all


def _set_filters_of_root(host: VirtualHost, policy: Policy, keys: KeysOfApis) -> None:
    """Set the same for the API at the root, where no filter can be switched off."""
    rule = subscribers_of(policy.api_id, keys) if policy.key_check.required else open_to_all()
    host.typed_per_filter_config[KEYS_FILTER].CopyFrom(pack(rule))
    *operations, rest = host.routes
    rest.typed_per_filter_config[KEYS_FILTER].CopyFrom(pack(open_to_all()))
    if has_own_names(policy.key_check):
        for route in operations:
            route.metadata.MergeFrom(own_names_of_root(policy.key_check))


def _switch_off(place: Route | VirtualHost | RouteConfiguration, *names: str) -> None:
    for name in names:
        place.typed_per_filter_config[name].CopyFrom(pack(switched_off()))
