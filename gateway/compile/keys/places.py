"""Where callers put the subscription key: in a header or a query parameter, by the published names or an API's own. [pure]

The key check reads one header. A key in the query is moved there and its parameter cut out of the path, every other byte
of which stays as it was: Envoy's own ways to read or remove a query parameter decode the whole query.
"""

from __future__ import annotations

import re

from envoy.config.core.v3.base_pb2 import DataSource, Metadata
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.extensions.common.matching.v3.extension_matcher_pb2 import ExtensionWithMatcher
from envoy.extensions.filters.http.composite.v3.composite_pb2 import ExecuteFilterAction
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua, LuaPerRoute
from google.protobuf.struct_pb2 import Struct
from xds.type.matcher.v3.matcher_pb2 import Matcher
from xds.type.matcher.v3.regex_pb2 import RegexMatcher
from xds.type.matcher.v3.string_pb2 import StringMatcher

from apis.policy.model import DEFAULT_KEY_HEADER, DEFAULT_KEY_QUERY, KeyCheck
from gateway.compile.matching import filter_by, request_header, run_filter
from gateway.compile.names import KEY_HEADER, METADATA
from gateway.compile.resource import pack

_SCRIPT_NAME = "move-key"
MOVE_KEY = f"""
-- Moves the key to the header "{KEY_HEADER}" and cuts its parameter out of the path; a key in the header goes first, and goes
-- nowhere under the published name either.
local function decoded(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function remove_twins(headers, header)
  local names = {{}}
  for name in pairs(headers) do
    if name:gsub("_", "-") == header:gsub("_", "-") then names[#names + 1] = name end
  end
  for _, name in ipairs(names) do headers:remove(name) end
end

local function move_key(headers, header, query)
  local key = headers:get(header)
  if header ~= "{KEY_HEADER}" then
    headers:remove("{KEY_HEADER}")
    remove_twins(headers, header)
  end
  local path = headers:get(":path")
  local start = path:find("?", 1, true)
  if start then
    local kept, found, parameters = {{}}, nil, 0
    for parameter in (path:sub(start + 1) .. "&"):gmatch("([^&]*)&") do
      local name, value = parameter:match("^([^=]*)=?(.*)$")
      parameters = parameters + 1
      name = decoded(name):lower()
      if name == query:lower() then
        found = found or decoded(value)
      elseif name ~= "{DEFAULT_KEY_QUERY}" or decoded(value) ~= key then
        kept[#kept + 1] = parameter
      end
    end
    if #kept < parameters then
      local rest = table.concat(kept, "&")
      headers:replace(":path", path:sub(1, start - 1) .. (rest ~= "" and "?" .. rest or ""))
      if found and (not key or key == "") then key = found end
    end
  end
  if key and not key:find("[%c]") then headers:replace("{KEY_HEADER}", key) end
end
"""
_SCRIPT = f"""{MOVE_KEY}
function envoy_on_request(handle)
  local names = handle:filterContext()
  move_key(handle:headers(), names:get("header") or "{KEY_HEADER}", names:get("query") or "{DEFAULT_KEY_QUERY}")
end
"""
# The published name behind ? or &, with any character in either case or percent-encoded.
_NAME = "".join(f"(?:{re.escape(one)}|%{ord(one):02x}|%{ord(one.upper()):02x})" for one in DEFAULT_KEY_QUERY)
_HAS_KEY = rf"(?i)[^?]*\?(?:\C*&)?{_NAME}\C*"


def under_own_names() -> Lua:
    """Return the filter that moves the key where a route tells it the names, see :func:`own_names`."""
    return Lua(source_codes={_SCRIPT_NAME: DataSource(inline_string=_SCRIPT)})


def only_with_query_key() -> ExtensionWithMatcher:
    """Return the filter that moves a key under the published name from the query, behind a glance at the path.

    A call without the parameter pays for the glance only: no script is made for it, which a filter that skips would do.
    """
    has_query = _path_holds(StringMatcher(contains="?"))  # most calls have none, and this costs them next to nothing
    has_key = _path_holds(StringMatcher(safe_regex=RegexMatcher(google_re2=RegexMatcher.GoogleRE2(), regex=_HAS_KEY)))
    both = Matcher.MatcherList.Predicate.PredicateList(predicate=[has_query, has_key])
    script = Lua(default_source_code=DataSource(inline_string=_SCRIPT))
    found = Matcher.MatcherList.FieldMatcher(
        predicate=Matcher.MatcherList.Predicate(and_matcher=both),
        on_match=run_filter(ExecuteFilterAction(typed_config=TypedExtensionConfig(name="lua", typed_config=pack(script)))),
    )
    return filter_by(Matcher(matcher_list=Matcher.MatcherList(matchers=[found])))


def _path_holds(what: StringMatcher) -> Matcher.MatcherList.Predicate:
    path = Matcher.MatcherList.Predicate.SinglePredicate(input=request_header("path", ":path"), value_match=what)
    return Matcher.MatcherList.Predicate(single_predicate=path)


def has_own_names(check: KeyCheck) -> bool:
    """Return whether the API takes the key under names of its own."""
    return (check.header.lower(), check.query) != (DEFAULT_KEY_HEADER.lower(), DEFAULT_KEY_QUERY)


def own_names(check: KeyCheck) -> LuaPerRoute:
    """Return what switches the moving filter on for an API with its own names, and tells it the names."""
    names = Struct()
    names.update({"header": check.header.lower(), "query": check.query})
    return LuaPerRoute(name=_SCRIPT_NAME, filter_context=names)


def own_names_metadata(check: KeyCheck) -> Metadata:
    """Return the metadata by which the answers without a key name the API's own header."""
    names = Struct()
    names.update({"key-header": check.header})
    return Metadata(filter_metadata={METADATA: names})
