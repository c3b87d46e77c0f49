"""Was a connection that broke off a new one, so that the client certificate may have been refused? [pure]

Envoy's conditions cannot ask that, but its formatters know when the handshake ended: before the call came, or long before the call was sent
over it, so that it had carried other calls meanwhile. The answer to a call that broke off carries both times in a header; this script,
which runs only where that header is, takes the certificate out of the answer where it was not refused, and the header away.
"""

from __future__ import annotations

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua

from apis.policy.failure import FAILURE_HEADER, Failure
from gateway.compile.names import CONNECTION_HEADER

# The protocol, and how many microseconds before the call came, and before it was sent, the handshake ended; nothing if it did not.
CONNECTION = "%UPSTREAM_PROTOCOL% %COMMON_DURATION(US_HS_END:DS_RX_BEG:us)%/%COMMON_DURATION(US_HS_END:US_TX_BEG:us)%"

# A call that has waited for a new connection goes out at once when it is there: after 40 µs at the median, 10 ms at the worst on a machine
# that was very busy. One that got a connection that had become free has waited for a whole call of another. Over HTTP/2 all that have
# waited go out together, which takes a while, but no connection becomes "free".
_SENT_AT_ONCE = 5000
_SCRIPT = f"""
function envoy_on_response(handle)
  local headers = handle:headers()
  local protocol, before, waited = headers:get("{CONNECTION_HEADER}"):match("^(%S*) (%d*)[^/]*/(%d*)")
  headers:remove("{CONNECTION_HEADER}")
  if headers:get("{FAILURE_HEADER}") ~= "{Failure.MAYBE_REFUSED}" or not protocol then return end
  local freed = protocol ~= "HTTP/2" and (tonumber(waited) or 0) > {_SENT_AT_ONCE}
  if before == "" and not freed then return end
  headers:replace("{FAILURE_HEADER}", "{Failure.DROPPED}")
  local body = handle:body()
  if not body then return end
  local text = body:getBytes(0, body:length()):gsub("refused the client certificate.-, or broke", "broke")
  handle:headers():replace("content-length", tostring(body:setBytes(text)))
end
"""


def takes_the_blame_off() -> Lua:
    """Return the script."""
    return Lua(default_source_code=DataSource(inline_string=_SCRIPT))
