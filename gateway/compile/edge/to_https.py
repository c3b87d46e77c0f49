"""Sends callers that come by HTTP to HTTPS, where the gateway is set to. [pure]

Not the status address: load balancers ask for it by HTTP, and it says nothing.
"""

from __future__ import annotations

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

from gateway.compile.calls.status import STATUS_PATH
from gateway.compile.names import TO_HTTPS_FILTER
from gateway.compile.resource import pack

_USUAL_PORT = 443
# 308: verb and body stay (RFC 9110, 15.4.9).
_SCRIPT = """
function envoy_on_request(handle)
  local headers = handle:headers()
  local path, authority = headers:get(":path"), headers:get(":authority") or ""
  if not path or path == "%(status)s" then return end
  local host = authority:match("^(%%[[%%x:.]+%%])") or authority:match("^([%%w._-]+)")
  if not host then return end
  handle:respond({[":status"] = "308", ["location"] = "https://" .. host .. "%(port)s" .. path}, "")
end
"""


def to_https(port: int) -> HttpFilter:
    """Return the filter that answers with the same address by HTTPS, at *port*."""
    script = _SCRIPT % {"status": STATUS_PATH, "port": "" if port == _USUAL_PORT else f":{port}"}
    return HttpFilter(name=TO_HTTPS_FILTER, typed_config=pack(Lua(default_source_code=DataSource(inline_string=script))))
