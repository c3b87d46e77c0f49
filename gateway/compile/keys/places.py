"""Where callers put the subscription key: in a header or a query parameter, by the published names or an API's own. [pure]

The key check reads one header. A key in the query is moved there and its parameter cut out, also one that stands in the path (``;name=``);
every other byte stays as it was: Envoy's own ways to read or remove a query parameter decode the whole query.
"""

from __future__ import annotations

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
from gateway.compile.spellings import percent_encoded

_SCRIPT_NAME = "move-key"
_MOST_DECODINGS = 8  # more than any back end does
MOVE_KEY = f"""
-- Moves the key to the header "{KEY_HEADER}" and cuts its parameter out of query and path; a key in the header goes first, and goes
-- nowhere under the published name either.
local function decoded(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

-- A parameter's name as the most forgiving back end reads it: decoded again and again, without regard to case, to blanks around it or an
-- index ("[]") behind it, and with "_", "." and blanks (which PHP takes for "_") as "-".
local function folded(name)
  for _ = 1, {_MOST_DECODINGS} do
    local before = name
    name = decoded(name)
    if name == before then break end
  end
  return (name:lower():gsub("^[?%s%c]+", ""):gsub("[%[%z=].*$", ""):gsub("[%s%c]+$", ""):gsub("[_. ]", "-"))
end

local function remove_twins(headers, header)
  local names = {{}}
  for name in pairs(headers) do
    if name:gsub("_", "-") == header:gsub("_", "-") then names[#names + 1] = name end
  end
  for _, name in ipairs(names) do headers:remove(name) end
end

-- Returns *text* without the parameters that *is_the_keys* (told name and value) claims; each stands behind one of the *marks*.
local function without(text, marks, is_the_keys)
  local kept = {{text:match("^[^" .. marks .. "]*")}}
  for mark, parameter in text:gmatch("([" .. marks .. "])([^" .. marks .. "]*)") do
    local name, value = parameter:match("^([^=]*)=?(.*)$")
    if not is_the_keys(name, value) then kept[#kept + 1] = mark .. parameter end
  end
  return table.concat(kept)
end

local function segment_without(segment, is_the_keys)
  local cut = without(segment, ";", is_the_keys)
  local from, to = cut:find("%%[25]*3[bB]")  -- an encoded semicolon, which back ends may take for one
  while from do
    local name, value = cut:sub(to + 1):match("^([^=;]*)=?(.*)$")
    if is_the_keys(name, value) then return cut:sub(1, from - 1) end
    from, to = cut:find("%%[25]*3[bB]", to + 1)
  end
  return cut
end

local function target_without(target, is_the_keys)
  local start = target:find("?", 1, true) or #target + 1
  local path = target:sub(1, start - 1):gsub("[^/]+", function(segment) return segment_without(segment, is_the_keys) end)
  local query = target:sub(start + 1)
  local kept = without("&" .. query, "&;", is_the_keys):gsub("^[&;]", "", 1)
  if kept == query then return path .. target:sub(start) end
  return path .. (kept ~= "" and "?" .. kept or "")
end

local function move_key(headers, header, query)
  local key = headers:get(header)
  if header ~= "{KEY_HEADER}" then
    headers:remove("{KEY_HEADER}")
    remove_twins(headers, header)
  end
  local found
  local wanted = folded(query)
  local target = target_without(headers:get(":path"), function(name, value)
    if #name < #wanted or folded(name) ~= wanted then return false end  -- no spelling is shorter; this keeps long queries cheap
    found = found or decoded(value)
    return true
  end)
  if found and (not key or key == "") then key = found end
  if wanted ~= "{DEFAULT_KEY_QUERY}" then
    target = target_without(target, function(name, value) return decoded(value) == key and folded(name) == "{DEFAULT_KEY_QUERY}" end)
  end
  if target ~= headers:get(":path") then headers:replace(":path", target) end
  if key and not key:find("[%c]") then headers:replace("{KEY_HEADER}", key) end
end
"""
_SCRIPT = f"""{MOVE_KEY}
function envoy_on_request(handle)
  local names = handle:filterContext()
  move_key(handle:headers(), names:get("header") or "{KEY_HEADER}", names:get("query") or "{DEFAULT_KEY_QUERY}")
end
"""
_APART = r"(?:[-_. +]|{})".format("|".join(map(percent_encoded, "-_. +")))
# The published name in any spelling, wherever it stands: the script says what is to be done.
_NAME = "".join(_APART if one == "-" else f"(?:{one}|{percent_encoded(one)}|{percent_encoded(one.upper())})" for one in DEFAULT_KEY_QUERY)
_HAS_KEY = rf"(?i)\C*{_NAME}\C*"
_MARKS = "?;%"  # one of which stands before a parameter; most calls have none, and to see that costs them next to nothing


def under_own_names() -> Lua:
    """Return the filter that moves the key where a route tells it the names, see :func:`own_names`."""
    return Lua(source_codes={_SCRIPT_NAME: DataSource(inline_string=_SCRIPT)})


def only_with_query_key() -> ExtensionWithMatcher:
    """Return the filter that moves a key under the published name out of query and path, behind a glance at both.

    A call without the parameter pays for the glance only: no script is made for it, which a filter that skips would do.
    """
    marks = [_path_holds(StringMatcher(contains=mark)) for mark in _MARKS]
    any_mark = Matcher.MatcherList.Predicate(or_matcher=Matcher.MatcherList.Predicate.PredicateList(predicate=marks))
    has_key = _path_holds(StringMatcher(safe_regex=RegexMatcher(google_re2=RegexMatcher.GoogleRE2(), regex=_HAS_KEY)))
    both = Matcher.MatcherList.Predicate.PredicateList(predicate=[any_mark, has_key])
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
