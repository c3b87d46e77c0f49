"""The key check: a tree on the key's first two digits, with a shard of keys at each leaf. [pure]"""

from __future__ import annotations

from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource, ExtensionConfigSource
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.extensions.common.matching.v3.extension_matcher_pb2 import ExtensionWithMatcher
from envoy.extensions.filters.http.composite.v3.composite_pb2 import Composite, DynamicConfig, ExecuteFilterAction
from envoy.type.matcher.v3.http_inputs_pb2 import HttpRequestHeaderMatchInput
from xds.core.v3.extension_pb2 import TypedExtensionConfig as InputConfig
from xds.type.matcher.v3.matcher_pb2 import Matcher

from gateway.compile.keys import HEX_SHARDS, OTHER, key_check
from gateway.compile.names import KEY_HEADER, shard_name
from gateway.compile.resource import TYPE_PREFIX, pack


def sharded_key_check() -> ExtensionWithMatcher:
    """Return the filter: every shard comes from the control plane and refuses all keys until it has come."""
    key = InputConfig(name="key", typed_config=pack(HttpRequestHeaderMatchInput(header_name=KEY_HEADER)))
    leaves = Matcher.MatcherTree.MatchMap(map={shard: _shard(shard) for shard in HEX_SHARDS})
    return ExtensionWithMatcher(
        xds_matcher=Matcher(matcher_tree=Matcher.MatcherTree(input=key, prefix_match_map=leaves), on_no_match=_shard(OTHER)),
        extension_config=TypedExtensionConfig(name="composite", typed_config=pack(Composite())),
    )


def _shard(shard: str) -> Matcher.OnMatch:
    source = ExtensionConfigSource(
        config_source=ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3),
        default_config=pack(key_check()),
        type_urls=[TYPE_PREFIX + key_check().DESCRIPTOR.full_name],
    )
    action = ExecuteFilterAction(dynamic_config=DynamicConfig(name=shard_name(shard), config_discovery=source))
    return Matcher.OnMatch(action=InputConfig(name="composite-action", typed_config=pack(action)))
