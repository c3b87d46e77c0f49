"""The filter that looks at a caller's certificate, by what the API's routes say of it. [pure]"""

from __future__ import annotations

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua

from gateway.compile.callers.paths import PATHS, SIGNATURES
from gateway.compile.callers.words import Refusal
from gateway.compile.names import CALLER_HEADER, CALLERS_FILTER

_SCRIPT = """
-- Of a name, what cannot be in a list or a header is percent-encoded.
local function plain(text)
  return (text:gsub("[^%%w%%.%%-_~:/?#%%[%%]@!$&'()*+;=]", function(one) return ("%%%%%%02X"):format(one:byte()) end))
end

local function visible(text) return (text:gsub("[^ -~]", "?")) end

local function names_of(connection)
  local found, list = {}, {}
  for _, name in ipairs(connection:dnsSansPeerCertificate() or {}) do
    found[name:lower()] = true
    list[#list + 1] = "DNS:" .. plain(name)
  end
  for _, name in ipairs(connection:uriSanPeerCertificate() or {}) do
    found[name] = true
    list[#list + 1] = "URI:" .. plain(name)
  end
  return found, table.concat(list, ", ")
end

-- What reads like a thumbprint is nobody's name: a certificate may bear any name that whoever has made it likes.
local function is_one_of(identities, thumbprints, names)
  if #identities == 0 then return true end
  for _, identity in ipairs(identities) do
    local is_thumbprint = (#identity == 40 or #identity == 64) and not identity:find("[^0-9A-F]")
    if is_thumbprint and thumbprints[identity] or not is_thumbprint and names[identity] then return true end
  end
  return false
end

-- What back ends read of the certificate. Client-Cert and -Chain are RFC 9440's.
local function pass_on(headers, connection, thumbprint, sha256, names)
  local leaf, above = nil, {}
  for place, text in ipairs(presented(connection)) do
    if place == 1 then leaf = ":" .. text .. ":" else above[#above + 1] = ":" .. text .. ":" end
  end
  if leaf then headers:replace("client-cert", leaf) end
  if #above > 0 then headers:replace("client-cert-chain", table.concat(above, ", ")) end
  headers:replace("x-client-cert-thumbprint", thumbprint)
  headers:replace("x-client-cert-thumbprint-sha256", sha256)
  headers:replace("x-client-cert-subject", visible(connection:subjectPeerCertificate()))
  headers:replace("x-client-cert-issuer", visible(connection:issuerPeerCertificate()))
  if names ~= "" then headers:replace("x-client-cert-san", names) end
end

-- Another host name's certificate settings stand behind this connection: RFC 9110, 15.5.20.
local function is_misdirected(handle, headers)
  local asked = handle:streamInfo():requestedServerName()
  local host = (headers:get(":authority") or ""):lower():gsub(":%%d*$", "")
  return asked ~= "" and asked:lower() ~= host
end

-- The status and the words of a refusal; nothing if the call may go on.
local function refusal_of(handle, rule)
  local headers = handle:headers()
  local connection = handle:streamInfo():downstreamSslConnection()
  if not connection or not connection:peerCertificatePresented() then
    if not rule.required then return nil end
    if not connection then return "403", "%(NOT_BY_TLS)s" end
    if is_misdirected(handle, headers) then return "421", "%(MISDIRECTED)s" end
    return "403", "%(MISSING)s"
  end
  local thumbprint = (headers:get("%(header)s") or ""):upper()
  local sha256 = connection:sha256PeerCertificateDigest():upper()
  local names, list = names_of(connection)
  if rule.required then
    local now = handle:timestamp() / 1000
    if now > connection:expirationPeerCertificate() then return "403", "%(EXPIRED)s" end
    if now < connection:validFromPeerCertificate() then return "403", "%(NOT_YET_VALID)s" end
    if rule.trusted then
      local links = links_of(handle, connection, rule, now)
      if not links or not is_good(handle, links[1], now) then return "403", "%(UNTRUSTED)s" end
      handle:streamInfo():dynamicMetadata():set("%(filter)s", "links", links)
    end
    if not is_one_of(rule.identities, {[thumbprint] = true, [sha256] = true}, names) then return "403", "%(STRANGER)s" end
  end
  pass_on(headers, connection, thumbprint, sha256, list)
end

function envoy_on_request(handle)
  local rule = handle:metadata():get("rule")
  if not rule then return end
  -- Envoy lets calls pass whose script fails.
  local ended, status, why = pcall(refusal_of, handle, rule)
  if not ended then
    handle:logErr(status)
    status, why = "403", "%(UNREADABLE)s"
  end
  if status then handle:respond({[":status"] = status}, why) end
end
"""


_LINK_SCRIPT = """
local function is_refused(handle)
  local found = handle:streamInfo():dynamicMetadata():get("%(filter)s")
  local link = found and found.links and found.links[%(link)d]
  return link and not is_good(handle, link, handle:timestamp() / 1000)
end

function envoy_on_request(handle)
  local ended, refused = pcall(is_refused, handle)
  if not ended then handle:logErr(refused) end
  if not ended or refused then handle:respond({[":status"] = "403"}, "%(UNTRUSTED)s") end
end
"""


def caller_check() -> Lua:
    """Return the filter; it does nothing where no rule is (:func:`gateway.compile.callers.rule.rule_of`)."""
    return _filter(PATHS, _SCRIPT, header=CALLER_HEADER)


def link_check(link: int) -> Lua:
    """Return the filter that checks the signature of a path's *link*, from the second on; it does nothing where there is none."""
    return _filter("", _LINK_SCRIPT, link=link)


def _filter(more: str, script: str, **values: str | int) -> Lua:
    words = {refusal.name: refusal.value for refusal in Refusal}
    return Lua(default_source_code=DataSource(inline_string=SIGNATURES + more + script % {"filter": CALLERS_FILTER, **words, **values}))
