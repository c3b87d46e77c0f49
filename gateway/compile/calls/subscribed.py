"""Which callers may use an API: those whose key is for it, or for all APIs. [pure]

The rule names no key: it compares what the key opens (keys.opens), so keys come and go without touching routes. Only an API that counts its
calls by subscription names them (keys.owners).
"""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import FilterConfig
from envoy.extensions.filters.http.api_key_auth.v3.api_key_auth_pb2 import ApiKeyAuthPerRoute, KeySource

from gateway.compile.keys.owners import KeysOfApis, named_keys
from gateway.compile.keys.shards import opens
from gateway.compile.names import KEY_HEADER


def subscribers_of(api_id: int, keys: KeysOfApis) -> ApiKeyAuthPerRoute:
    """Return the rule that lets keys of this API and keys of all APIs pass; by name, where the API counts by them.

    It also says where the key is. Without a rule the key check has nowhere to look and lets nobody pass: what is forgotten is closed.
    """
    if api_id in keys:
        return named_keys(api_id, keys[api_id])
    return ApiKeyAuthPerRoute(key_sources=[KeySource(header=KEY_HEADER)], allowed_clients=[opens(None), opens(api_id)])


def switched_off() -> FilterConfig:
    """Return what switches a filter off for a route."""
    return FilterConfig(disabled=True)
