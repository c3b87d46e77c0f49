"""A shared secret towards a back end, in a header or a query parameter. [pure]

For a query parameter, the secret goes through a header of ours to a script: Envoy's own query mutations decode the other parameters
(:mod:`gateway.compile.calls.policies.query`). The parameter is replaced where it stands, so that a call that is tried again has it once.
"""

from __future__ import annotations

from urllib.parse import quote

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

from apis.policy.proofs import AuthenticationSharedSecret, SecretPlace
from gateway.compile.backends.injecting import injector, secret_of
from gateway.compile.names import SECRET_HEADER, shared_secret_name
from gateway.compile.resource import Resource, pack

_SCRIPT = """
local function name_of(part)
  local name = part:match("^[^=]*"):gsub("%+", " ")
  return (name:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local path, query = headers:get(":path"):match("^([^?]*)%??(.*)$")
  local parts = {}
  if query ~= "" then
    for part in (query .. "&"):gmatch("([^&]*)&") do
      if name_of(part) ~= NAME then parts[#parts + 1] = part end
    end
  end
  parts[#parts + 1] = WRITTEN .. "=" .. headers:get(HEADER)
  headers:replace(":path", path .. "?" .. table.concat(parts, "&"))
  headers:remove(HEADER)
end
"""


def shared_secret(api_id: int, rule: AuthenticationSharedSecret) -> Resource:
    """Return the secret as it is sent; in a query percent-encoded (RFC 3986, 2.1)."""
    assert rule.secret is not None  # noqa: S101 - a policy that is compiled holds it
    content = rule.secret.value
    return secret_of(shared_secret_name(api_id), quote(content, safe="").encode() if rule.place is SecretPlace.QUERY else content)


def filters_of(api_id: int, rule: AuthenticationSharedSecret) -> list[HttpFilter]:
    """Return the filters that send it."""
    if rule.place is SecretPlace.HEADER:
        return [injector(shared_secret_name(api_id), rule.name)]
    script = (
        f"local NAME, WRITTEN, HEADER = {_literal(rule.name)}, {_literal(quote(rule.name, safe=''))}, {_literal(SECRET_HEADER)}{_SCRIPT}"
    )
    into_query = HttpFilter(name="secret-in-query", typed_config=pack(Lua(default_source_code=DataSource(inline_string=script))))
    return [injector(shared_secret_name(api_id), SECRET_HEADER), into_query]


def _literal(text: str) -> str:
    """Return *text* as Lua writes it, byte by byte."""
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode()) + '"'
