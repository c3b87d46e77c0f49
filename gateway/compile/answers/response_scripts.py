"""The scripts that look at an answer, each run only where its header is: other calls pay for one glance at all. [pure]"""

from __future__ import annotations

from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.extensions.common.matching.v3.extension_matcher_pb2 import ExtensionWithMatcher
from envoy.extensions.filters.http.composite.v3.composite_pb2 import ExecuteFilterAction
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua
from xds.type.matcher.v3.matcher_pb2 import Matcher
from xds.type.matcher.v3.regex_pb2 import RegexMatcher
from xds.type.matcher.v3.string_pb2 import StringMatcher

from gateway.compile.answers import broken_off
from gateway.compile.calls import redirects
from gateway.compile.matching import filter_by, response_header, run_filter
from gateway.compile.names import CONNECTION_HEADER
from gateway.compile.resource import pack


def response_scripts() -> ExtensionWithMatcher:
    """Return the filter."""
    back = redirects.leads_back()
    matchers = [_where(CONNECTION_HEADER, broken_off.takes_the_blame_off()), *(_where(name, back) for name in redirects.HEADERS)]
    return filter_by(Matcher(matcher_list=Matcher.MatcherList(matchers=matchers)))


def _where(header: str, script: Lua) -> Matcher.MatcherList.FieldMatcher:
    some = StringMatcher(safe_regex=RegexMatcher(regex=".+", google_re2=RegexMatcher.GoogleRE2()))
    single = Matcher.MatcherList.Predicate.SinglePredicate(input=response_header("header", header), value_match=some)
    return Matcher.MatcherList.FieldMatcher(
        predicate=Matcher.MatcherList.Predicate(single_predicate=single),
        on_match=run_filter(ExecuteFilterAction(typed_config=TypedExtensionConfig(name="lua", typed_config=pack(script)))),
    )
