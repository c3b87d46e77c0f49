"""The scripts that look at an answer, each run only where its header is: other calls pay for one glance at all. [pure]"""

from __future__ import annotations

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.extensions.common.matching.v3.extension_matcher_pb2 import ExtensionWithMatcher
from envoy.extensions.filters.http.composite.v3.composite_pb2 import ExecuteFilterAction
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua
from xds.type.matcher.v3.matcher_pb2 import Matcher
from xds.type.matcher.v3.regex_pb2 import RegexMatcher
from xds.type.matcher.v3.string_pb2 import StringMatcher

from gateway.compile.answers import broken_off, refusal_pages
from gateway.compile.calls import redirects
from gateway.compile.matching import filter_by, response_header, run_filter
from gateway.compile.names import CONNECTION_HEADER
from gateway.compile.resource import pack


def response_scripts() -> ExtensionWithMatcher:
    """Return the filter."""
    back = redirects.leads_back()
    matchers = [_where(CONNECTION_HEADER, broken_off.takes_the_blame_off()), *(_where(name, back) for name in redirects.HEADERS)]
    by_header = Matcher(matcher_list=Matcher.MatcherList(matchers=matchers))
    notes_refusals = _run(_notes_refusals_and(back))
    statuses = Matcher.MatcherTree.MatchMap(map={str(status): notes_refusals for status in refusal_pages.STATUSES})
    tree = Matcher.MatcherTree(input=response_header("status", ":status"), exact_match_map=statuses)  # a look into a map costs the least
    return filter_by(Matcher(matcher_tree=tree, on_no_match=Matcher.OnMatch(matcher=by_header)))


def _notes_refusals_and(other: Lua) -> Lua:
    """Return a script that looks for a refusal of the client certificate, and does what the *other* does."""
    both = f"""{other.default_source_code.inline_string}
{refusal_pages.script()}
local does_the_other = envoy_on_response
function envoy_on_response(handle)
  does_the_other(handle)
  note_refusal(handle)
end
"""
    return Lua(default_source_code=DataSource(inline_string=both))


def _where(header: str, script: Lua) -> Matcher.MatcherList.FieldMatcher:
    some = StringMatcher(safe_regex=RegexMatcher(regex=".+", google_re2=RegexMatcher.GoogleRE2()))
    single = Matcher.MatcherList.Predicate.SinglePredicate(input=response_header("header", header), value_match=some)
    return Matcher.MatcherList.FieldMatcher(
        predicate=Matcher.MatcherList.Predicate(single_predicate=single),
        on_match=_run(script),
    )


def _run(script: Lua) -> Matcher.OnMatch:
    return run_filter(ExecuteFilterAction(typed_config=TypedExtensionConfig(name="lua", typed_config=pack(script))))
