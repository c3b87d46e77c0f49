"""Where a back end's redirects and cookies lead: back to the API, if they mean the back end's own address. [pure]

Callers cannot reach that address, or must not. A ``Location`` that begins with the Web service URL, with its host, the gateway's (which
``X-Forwarded-Host`` tells the back end) or none, begins with the API's path instead (as nginx' ``proxy_redirect default`` does it), and so
does the ``Path`` of a cookie; a ``Domain`` of the back end's goes. Everything else passes as it is. The script runs only where there is
such a header: other calls pay for a glance.
"""

from __future__ import annotations

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua
from google.protobuf.struct_pb2 import Struct

from apis.policy.model import Policy
from gateway.compile.calls.forwarding import authority_of
from gateway.compile.names import REDIRECTS_FILTER, WITHOUT_CERTIFICATE, base_of

HEADERS = ("location", "set-cookie")  # that it is about
_AS_WRITTEN = "as-written"
_SCRIPT = """
-- The route, or else the virtual host where it is one API's, says what stands for what: api and service (paths), scheme, host, authority
-- (with the port), usual (as the Host header has it); of the last three there may be several, with blanks between them.
local function told(handle, name)
  return handle:metadata():get(name) or handle:virtualHost():metadata():get(name)
end

local function names_of(handle)
  local of_route = handle:metadata()
  if of_route:get("as-written") then return nil end
  local names = of_route:get("scheme") and of_route or handle:virtualHost():metadata()
  return names:get("scheme") and names
end

local function holds(words, one)
  for word in words:gmatch("%S+") do
    if word == one then return true end
  end
  return false
end

local function is_below(path, base)
  if path:sub(1, #base) ~= base then return false end
  local after = path:sub(#base + 1, #base + 1)
  return base == "" or after == "" or after == "/" or after == "?" or after == "#"
end

local function path_in(location, names, gateway)
  local origin, path = location:match("^(%a[%w+.-]*://[^/?#\\\\]*)(.*)$")
  if not origin then
    origin, path = location:match("^(//[^/?#\\\\]*)(.*)$")
    origin = origin and names:get("scheme") .. ":" .. origin
  end
  if not origin then return location:sub(1, 1) == "/" and location or nil end
  local scheme, authority = origin:lower():match("^(.-)://(.*)$")
  if authority == gateway:lower() and (scheme == "https" or scheme == "http") then
    -- The back end believes X-Forwarded-Host, or knows the API's own address.
    if names:get("api") ~= "" and is_below(path, names:get("api")) then return nil end
    return path
  end
  if scheme ~= names:get("scheme") then return nil end
  return (holds(names:get("authority"), authority) or holds(names:get("usual"), authority)) and path or nil
end

local function lead_back(location, names, gateway)
  local path = path_in(location, names, gateway)
  if not path or not is_below(path, names:get("service")) then return nil end
  local found = names:get("api") .. path:sub(#names:get("service") + 1)
  if found == "" or found:sub(1, 1) ~= "/" then found = "/" .. found end
  if found:sub(1, 2) == "//" then return nil end  -- would name a host
  return found
end

local function cookie_path(path, names)
  local api, service = names:get("api"), names:get("service")
  local found = path
  if is_below(path, service) then
    found = api .. path:sub(#service + 1)
    if path == "/" and api ~= "" then found = api end
  elseif is_below(service, path:gsub("/$", "")) then
    found = api
  end
  return found == "" and "/" or found
end

local function is_host_or_parent(domain, hosts)
  domain = domain:gsub("^%.", "")
  for host in hosts:gmatch("%S+") do
    if domain == host or host:sub(-#domain - 1) == "." .. domain then return true end
  end
  return false
end

local function bring_home(cookie, names)
  local kept = {}
  local fixed = cookie:match("^%s*__Host%-") ~= nil  -- browsers take it with the Path / only
  for part in (cookie .. ";"):gmatch("([^;]*);") do
    local blank, name, value = part:match("^(%s*)(%a+)%s*=%s*(.-)%s*$")
    name = #kept > 0 and name and name:lower()
    if name == "path" and value:sub(1, 1) == "/" and not fixed then
      kept[#kept + 1] = blank .. "Path=" .. cookie_path(value, names)
    elseif not (name == "domain" and is_host_or_parent(value:lower(), names:get("host"))) then
      kept[#kept + 1] = part
    end
  end
  return table.concat(kept, ";")
end

function envoy_on_response(handle)
  local names = names_of(handle)
  if not names then return end
  local headers = handle:headers()
  local location = headers:get("location")
  local found = location and lead_back(location, names, handle:requestHeaders():get("x-forwarded-host") or "")
  if found then headers:replace("location", found) end
  local cookies = {}
  for index = 0, headers:getNumValues("set-cookie") - 1 do
    cookies[#cookies + 1] = bring_home(headers:getAtIndex("set-cookie", index), names)
  end
  if #cookies > 0 then
    headers:remove("set-cookie")
    for _, cookie in ipairs(cookies) do headers:add("set-cookie", cookie) end
  end
end
"""


def leads_back() -> Lua:
    """Return the script; it changes nothing where nobody says what stands for what (:func:`say_what_answers_mean`)."""
    return Lua(default_source_code=DataSource(inline_string=_SCRIPT))


def say_what_answers_mean(place: Route | VirtualHost, policy: Policy) -> None:
    """Tell the scripts that look at answers what they go by: an API's virtual host once, else each of its routes."""
    if policy.forwarding.rewrite_redirects:
        place.metadata.filter_metadata[REDIRECTS_FILTER].CopyFrom(_addresses(policy))
    if not policy.presents_certificate:
        place.metadata.filter_metadata[REDIRECTS_FILTER].update({WITHOUT_CERTIFICATE: "yes"})


def leave_as_written(route: Route) -> None:
    """Have what *route* answers stay as it is: what leads to the back end's address was written so."""
    route.metadata.filter_metadata[REDIRECTS_FILTER].Clear()
    route.metadata.filter_metadata[REDIRECTS_FILTER].update({_AS_WRITTEN: "yes"})


def _addresses(policy: Policy) -> Struct:
    backend = policy.backend
    shown = [(f"[{one.host}]" if ":" in one.host else one.host, one) for one in backend.addresses]
    known = Struct()
    known.update(
        {
            "api": base_of(policy.path),
            "service": backend.path,
            "scheme": backend.scheme,
            "host": " ".join(backend.hosts),
            "authority": " ".join(f"{host}:{one.port}" for host, one in shown),
            "usual": " ".join(authority_of(backend, one) for one in backend.addresses),
        }
    )
    return known
