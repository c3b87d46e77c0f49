"""``<set-query-parameter>``, and the query of a ``<rewrite-uri>``: a script, for Envoy's own query mutations decode the other parameters.

(``header_mutation`` of 1.40 sends ``?a=%20`` on as ``?a= ``, which is no HTTP.) What is not named keeps its bytes and its place. [pure]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.route.v3.route_components_pb2 import Route
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua

from apis.policy.statements.exists_action import ExistsAction
from apis.policy.statements.rewrite_uri import RewriteUri
from apis.policy.statements.set_query_parameter import SetQueryParameter
from gateway.compile.names import QUERY_FILTER

_SCRIPT = """
local function name_of(part)
  local name = part:match("^[^=]*"):gsub("%+", " ")
  return (name:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function changed(parts, change)
  local kept, found = {}, false
  for _, part in ipairs(parts) do
    local named = name_of(part) == change.name
    found = found or named
    if not (named and change.removes) then kept[#kept + 1] = part end
  end
  if not (found and change.skips) then
    for _, part in ipairs(change.parts) do kept[#kept + 1] = part end
  end
  return kept
end

function envoy_on_request(handle)
  local changes = handle:metadata():get("changes")
  if not changes then return end
  local headers = handle:headers()
  local path, query = headers:get(":path"):match("^([^?]*)%??(.*)$")
  local parts = {}
  if query ~= "" then
    for part in (query .. "&"):gmatch("([^&]*)&") do parts[#parts + 1] = part end
  end
  for _, change in ipairs(changes) do parts = changed(parts, change) end
  headers:replace(":path", #parts > 0 and path .. "?" .. table.concat(parts, "&") or path)
end
"""


def query_parameters() -> Lua:
    """Return the filter; it changes nothing where no route says so."""
    return Lua(default_source_code=DataSource(inline_string=_SCRIPT))


def set_query(route: Route, statements: Sequence[SetQueryParameter], rewritten: Sequence[RewriteUri]) -> None:
    """Have calls of *route* carry the query parameters that *statements* say, and those of the path that they are *rewritten* to."""
    of_path = [SetQueryParameter(name=name, values=(value,)) for one in rewritten for name, value in one.query]
    if changes := [_change(one) for one in (*of_path, *statements)]:
        route.metadata.filter_metadata[QUERY_FILTER].update({"changes": changes})


def _change(statement: SetQueryParameter) -> dict[str, Any]:
    return {
        "name": statement.name,
        "parts": [f"{quote(statement.name, safe='')}={quote(value, safe='')}" for value in statement.values],
        "removes": statement.action in {ExistsAction.OVERRIDE, ExistsAction.DELETE},
        "skips": statement.action is ExistsAction.SKIP,
    }
