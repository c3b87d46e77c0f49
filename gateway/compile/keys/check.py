"""The key check, in two forms that answer alike; the control plane says which is in force. [pure]

Plain: all keys in one list; it costs a call the least. Sharded: a tree on the key's first two digits with a shard of keys at each
leaf; a call costs some 8 % more, and a key that comes or goes costs the same however many there are. So few keys are checked
plainly (see :data:`MOST_PLAIN_KEYS`) and many by shards.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource, ExtensionConfigSource
from envoy.extensions.common.matching.v3.extension_matcher_pb2 import ExtensionWithMatcher
from envoy.extensions.filters.http.composite.v3.composite_pb2 import DynamicConfig, ExecuteFilterAction
from xds.type.matcher.v3.matcher_pb2 import Matcher

from gateway.compile.keys.shards import HEX_SHARDS, OTHER, KeyCredential, key_check
from gateway.compile.matching import filter_by, request_header, run_filter
from gateway.compile.names import KEY_HEADER, KEYS_FILTER, shard_name
from gateway.compile.resource import TYPE_PREFIX, Resource, filter_config, pack

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_PLAIN_KEYS = 1000  # up to here, sending all of them with each change costs less than 5 ms


def key_check_by_control_plane() -> ExtensionConfigSource:
    """Return where the filter comes from, in either form; it refuses all keys until it has come."""
    return _by_control_plane(key_check().DESCRIPTOR.full_name, ExtensionWithMatcher.DESCRIPTOR.full_name)


def sharded_key_check() -> ExtensionWithMatcher:
    """Return the sharded form: every shard comes from the control plane and refuses all keys until it has come."""
    leaves = Matcher.MatcherTree.MatchMap(map={shard: _shard(shard) for shard in HEX_SHARDS})
    tree = Matcher.MatcherTree(input=request_header("key", KEY_HEADER), prefix_match_map=leaves)
    return filter_by(Matcher(matcher_tree=tree, on_no_match=_shard(OTHER)))


def compile_key_check(number: int, credentials: Iterable[KeyCredential]) -> Resource:
    """Return the form for this *number* of keys.

    :param credentials: all of them; only read if the form is the plain one
    """
    if number > MOST_PLAIN_KEYS:
        return _sharded()
    return filter_config(KEYS_FILTER, key_check(credentials))


@functools.cache
def _sharded() -> Resource:
    return filter_config(KEYS_FILTER, sharded_key_check())


def _shard(shard: str) -> Matcher.OnMatch:
    dynamic = DynamicConfig(name=shard_name(shard), config_discovery=_by_control_plane(key_check().DESCRIPTOR.full_name))
    return run_filter(ExecuteFilterAction(dynamic_config=dynamic))


def _by_control_plane(*types: str) -> ExtensionConfigSource:
    return ExtensionConfigSource(
        config_source=ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3),
        default_config=pack(key_check()),
        type_urls=[TYPE_PREFIX + name for name in types],
    )
