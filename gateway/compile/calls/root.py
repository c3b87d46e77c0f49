"""The API at the gateway's root: it gets what no other API's first segment claims. [pure]

Scopes have no default. So a call without routes, which costs other calls nothing, meets one filter more: it asks again for the
routes of the root's own scope. The filters behind it have been chosen by then, without a route that switches any off; so the root's
rules are written for filters that are all on.
"""

from __future__ import annotations

from envoy.config.core.v3.base_pb2 import DataSource, Metadata
from envoy.config.route.v3.route_components_pb2 import FilterConfig
from envoy.extensions.filters.http.api_key_auth.v3.api_key_auth_pb2 import ApiKeyAuthPerRoute, Credential, KeySource
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua
from google.protobuf.struct_pb2 import Struct

from apis.policy.model import KeyCheck, Policy
from gateway.compile.calls.subscribed import switched_off
from gateway.compile.keys.places import MOVE_KEY
from gateway.compile.names import ROOT_FILTER, ROOT_SCOPE, SCOPE_HEADER

ROOT = "/"  # its routes' name, where others have their API's path

_SCRIPT = f"""{MOVE_KEY}
function envoy_on_request(handle)
  handle:headers():replace("{SCOPE_HEADER}", "{ROOT_SCOPE}")
  handle:clearRouteCache()
  local names = handle:metadata()
  if names:get("header") then move_key(handle:headers(), names:get("header"), names:get("query")) end
end
"""


def scope_key(segment: str) -> str:
    """Return what finds the scope of *segment*."""
    return segment or ROOT_SCOPE.strip("/")


def routes_of_root() -> Lua:
    """Return the filter for calls without routes."""
    return Lua(default_source_code=DataSource(inline_string=_SCRIPT))


def open_to_all() -> ApiKeyAuthPerRoute:
    """Return the rule that lets every call of the root pass: the scope, which callers cannot set, is the key."""
    return ApiKeyAuthPerRoute(
        credentials=[Credential(key=ROOT_SCOPE, client=ROOT)], key_sources=[KeySource(header=SCOPE_HEADER)], allowed_clients=[ROOT]
    )


def without_a_key(policy: Policy) -> ApiKeyAuthPerRoute | FilterConfig:
    """Return what lets a route of an API, at the root or not, do without a key."""
    return switched_off() if policy.path else open_to_all()


def own_names_of_root(check: KeyCheck) -> Metadata:
    """Return the metadata by which the filter knows under which names of its own the root's key comes."""
    names = Struct()
    names.update({"header": check.header.lower(), "query": check.query})
    return Metadata(filter_metadata={ROOT_FILTER: names})
