"""Which callers may use an API: those whose key is for it, or for all APIs. [pure]

The rule names no key: it compares the prefix of the caller's id (keys.client_id), so keys come and go without touching routes.
"""

from __future__ import annotations

from envoy.config.rbac.v3 import rbac_pb2 as rbac
from envoy.config.route.v3.route_components_pb2 import FilterConfig, HeaderMatcher
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC, RBACPerRoute
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from gateway.compile.names import CLIENT_HEADER


def nobody() -> RBAC:
    """Return the rule of a route that has none of its own: nobody may pass. So a forgotten rule closes."""
    return RBAC(rules=rbac.RBAC(action=rbac.RBAC.ALLOW))


def subscribers_of(api_id: int) -> RBACPerRoute:
    """Return the rule that lets keys of this API and keys of all APIs pass."""
    policy = rbac.Policy(permissions=[rbac.Permission(any=True)], principals=[_client_of("all/"), _client_of(f"{api_id}/")])
    return RBACPerRoute(rbac=RBAC(rules=rbac.RBAC(action=rbac.RBAC.ALLOW, policies={"subscribed": policy})))


def switched_off() -> FilterConfig:
    """Return what switches a filter off for a route."""
    return FilterConfig(disabled=True)


def _client_of(prefix: str) -> rbac.Principal:
    return rbac.Principal(header=HeaderMatcher(name=CLIENT_HEADER, string_match=StringMatcher(prefix=prefix)))
