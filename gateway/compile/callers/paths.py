"""The script that finds a path from a caller's certificate to an authority of the API (RFC 5280, 6). [pure]

Envoy's TLS socket cannot say it: it has one set of authorities for all that is called on a connection. So the script does, with the
library's own signature check. Of that Envoy gives a filter one key per call. So the path is found first, by names, key identifiers and
what its certificates say, and each of its links is checked by a filter of its own (:data:`LINKS`).

What it does not know it refuses: signatures other than RSA (PKCS #1 v1.5) and ECDSA by SHA-2, and critical extensions other than key
usage, extended key usage, basic constraints, policies and alternative names; thus any certificate below a constraint on names. It asks
nobody about revocation. What was found is remembered for as long as its certificates are valid, so that the next calls pay little.
"""

LINKS = 3  # of a path at most: the caller's certificate, and two above it that are sent along, below an authority that the API names

SIGNATURES = r"""
local band, rshift, lshift, bor = bit.band, bit.rshift, bit.lshift, bit.bor
local MOST_REMEMBERED = 1000

local VALUES = {}
for place, letter in ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"):gmatch("()(.)") do
  VALUES[letter:byte()] = place - 1
end

local function decoded(text)
  local octets, held, bits = {}, 0, 0
  for place = 1, #text do
    local value = VALUES[text:byte(place)]
    if value then
      held, bits = bor(lshift(band(held, 0xff), 6), value), bits + 6
      if bits >= 8 then
        bits = bits - 8
        octets[#octets + 1] = string.char(band(rshift(held, bits), 0xff))
      end
    end
  end
  return table.concat(octets)
end

local function memory()
  local kept, number = {}, 0
  return {
    recall = function(name, now)
      local found = kept[name]
      return found and now <= found.holds and found.value or nil
    end,
    remember = function(name, value, holds)
      if number >= MOST_REMEMBERED then kept, number = {}, 0 end
      kept[name], number = {value = value, holds = holds}, number + 1
      return value
    end,
  }
end

local good_links = memory()

local function is_good(handle, link, now)
  local name = table.concat({link.hash, link.key, link.signature, link.signed}, "|")
  if good_links.recall(name, now) then return true end
  local key, signature, signed = decoded(link.key), decoded(link.signature), decoded(link.signed)
  local imported = handle:importPublicKey(key, #key)
  local good = imported and handle:verifySignature(link.hash, imported:get(), signature, #signature, signed, #signed)
  return good and good_links.remember(name, true, link.holds) or false
end
"""

PATHS = r"""
local MOST_CERTIFICATES, LINKS = 10, @LINKS@

-- DER: an element is its tag, where it begins, where its content begins and where it ends.
local function element(der, start, limit)
  local tag, length = der:byte(start, start + 1)
  if not length or band(tag, 0x1f) == 0x1f then return nil end
  local content = start + 2
  if length >= 0x80 then
    local octets = length - 0x80
    if octets == 0 or octets > 3 then return nil end
    length = 0
    for place = content, content + octets - 1 do
      local octet = der:byte(place)
      if not octet then return nil end
      length = length * 256 + octet
    end
    content = content + octets
  end
  local ending = content + length - 1
  if ending > limit then return nil end
  return {tag = tag, start = start, content = content, ending = ending}
end

local function children(der, parent)
  local found, start = {}, parent.content
  while start <= parent.ending do
    local child = element(der, start, parent.ending)
    if not child then return nil end
    found[#found + 1] = child
    start = child.ending + 1
  end
  return found
end

local function octets(der, one) return der:sub(one.content, one.ending) end
local function whole(der, one) return der:sub(one.start, one.ending) end

-- Days since 1970 of a date of the Gregorian calendar.
local function days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = math.floor(year / 400)
  local of_era = year - era * 400
  local of_year = math.floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + of_year - 719468
end

local function moment(der, one)
  local text = octets(der, one)
  local year, rest
  if one.tag == 0x17 then
    year, rest = text:match("^(%d%d)(%d%d%d%d%d%d%d%d%d%d)Z$")
    if year then year = tonumber(year) + (tonumber(year) < 50 and 2000 or 1900) end
  elseif one.tag == 0x18 then
    year, rest = text:match("^(%d%d%d%d)(%d%d%d%d%d%d%d%d%d%d)Z$")
  end
  if not year then return nil end
  local month, day, hour, minute, second = rest:match("^(..)(..)(..)(..)(..)$")
  return days(tonumber(year), tonumber(month), tonumber(day)) * 86400 + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
end

local HASHES = {  -- by the identifier of the signature algorithm
  ["\42\134\72\134\247\13\1\1\11"] = "sha256", ["\42\134\72\134\247\13\1\1\12"] = "sha384", ["\42\134\72\134\247\13\1\1\13"] = "sha512",
  ["\42\134\72\206\61\4\3\2"] = "sha256", ["\42\134\72\206\61\4\3\3"] = "sha384", ["\42\134\72\206\61\4\3\4"] = "sha512",
}
local KEY_USAGE, ALTERNATIVE_NAMES, BASIC_CONSTRAINTS = "\85\29\15", "\85\29\17", "\85\29\19"
local POLICIES, PURPOSES = "\85\29\32", "\85\29\37"
local OWN_KEY, KEY_OF_ISSUER = "\85\29\14", "\85\29\35"
local UNDERSTOOD = {
  [KEY_USAGE] = true, [ALTERNATIVE_NAMES] = true, [BASIC_CONSTRAINTS] = true, [POLICIES] = true, [PURPOSES] = true,
}
local FOR_CLIENTS, FOR_ANYTHING = "\43\6\1\5\5\7\3\2", "\85\29\37\0"

local function extensions_of(der, tbs)
  local found = {}
  for _, part in ipairs(tbs) do
    if part.tag == 0xa3 then
      local list = element(der, part.content, part.ending)
      for _, one in ipairs(list and children(der, list) or {}) do
        local inside = children(der, one)
        if not inside or #inside < 2 then return nil end
        local id, value = octets(der, inside[1]), inside[#inside]
        local critical = #inside == 3 and octets(der, inside[2]) ~= "\0"
        if found[id] or value.tag ~= 4 then return nil end
        if critical and not UNDERSTOOD[id] then return nil end
        found[id] = element(der, value.content, value.ending)
        if not found[id] then return nil end
      end
    end
  end
  return found
end

local function is_for_clients(der, purposes)
  if not purposes then return true end
  for _, one in ipairs(children(der, purposes) or {}) do
    local id = octets(der, one)
    if id == FOR_CLIENTS or id == FOR_ANYTHING then return true end
  end
  return false
end

-- The identifier of the issuer's key; nil if the certificate does not say it.
local function key_of_issuer(der, extension)
  for _, part in ipairs(extension and children(der, extension) or {}) do
    if part.tag == 0x80 then return octets(der, part) end
  end
  return nil
end

-- What a certificate says; nil if it is none, or says what is not understood.
local function certificate_of(der)
  local outer = element(der, 1, #der)
  if not outer or outer.ending ~= #der then return nil end
  local parts = children(der, outer)
  if not parts or #parts ~= 3 then return nil end
  local tbs, algorithm = children(der, parts[1]), children(der, parts[2])
  if not tbs or not algorithm or not algorithm[1] then return nil end
  local first = tbs[1] and tbs[1].tag == 0xa0 and 2 or 1
  if #tbs < first + 5 or whole(der, tbs[first + 1]) ~= whole(der, parts[2]) then return nil end
  local dates = children(der, tbs[first + 3])
  if not dates or #dates ~= 2 then return nil end
  local extensions = extensions_of(der, tbs)
  local not_before, not_after = moment(der, dates[1]), moment(der, dates[2])
  if not extensions or not not_before or not not_after then return nil end
  local constraints = extensions[BASIC_CONSTRAINTS] and children(der, extensions[BASIC_CONSTRAINTS])
  local usage = extensions[KEY_USAGE] and octets(der, extensions[KEY_USAGE])
  local authority, most = false, nil
  if constraints and constraints[1] and constraints[1].tag == 1 and octets(der, constraints[1]) ~= "\0" then
    authority = not usage or (#usage >= 2 and band(usage:byte(2), 4) ~= 0)  -- keyCertSign
    if constraints[2] then most = #octets(der, constraints[2]) == 1 and octets(der, constraints[2]):byte() or 0 end
  end
  return {
    signed = whole(der, parts[1]),
    signature = octets(der, parts[3]):sub(2),  -- behind the number of unused bits
    hash = HASHES[octets(der, algorithm[1])],
    issuer = whole(der, tbs[first + 2]),
    subject = whole(der, tbs[first + 4]),
    key = whole(der, tbs[first + 5]),
    key_id = extensions[OWN_KEY] and octets(der, extensions[OWN_KEY]),
    issuer_key_id = key_of_issuer(der, extensions[KEY_OF_ISSUER]),
    not_before = not_before,
    not_after = not_after,
    for_clients = is_for_clients(der, extensions[PURPOSES]),
    authority = authority,
    most_below = most,
  }
end

local function may_have_issued(one, other)
  if other.subject ~= one.issuer then return false end
  return not one.issuer_key_id or not other.key_id or one.issuer_key_id == other.key_id
end

-- The links from *one* to an authority, and the moment until which they hold if their signatures are good; nil if there are none.
local function path_from(one, others, authorities, now, depth)
  if now < one.not_before or now > one.not_after or not one.for_clients or not one.hash then return nil end
  for _, authority in ipairs(authorities) do
    if may_have_issued(one, authority) and now >= authority.not_before and now <= authority.not_after then
      return {{one, authority.key}}, math.min(one.not_after, authority.not_after)
    end
  end
  if depth == LINKS then return nil end
  for _, other in ipairs(others) do
    if other ~= one and other.authority and may_have_issued(one, other) and (not other.most_below or other.most_below >= depth - 1) then
      local links, holds = path_from(other, others, authorities, now, depth + 1)
      if links then
        table.insert(links, 1, {one, other.key})
        return links, math.min(one.not_after, holds)
      end
    end
  end
  return nil
end

local known_authorities = {}

local function authorities_of(rule)
  local name = rule.set
  if not known_authorities[name] then
    local found = {}
    for _, one in ipairs(rule.authorities) do
      found[#found + 1] = {
        subject = decoded(one.subject), key = decoded(one.key), key_id = decoded(one.key_id),
        not_before = one.not_before, not_after = one.not_after,
      }
    end
    known_authorities[name] = found
  end
  return known_authorities[name]
end

-- The certificates that a caller has shown, in base64.
local function presented(connection)
  local found = {}
  local pem = connection:urlEncodedPemEncodedPeerCertificateChain()
  pem = pem:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
  for text in pem:gmatch("BEGIN CERTIFICATE%-%-%-%-%-(.-)%-%-%-%-%-END") do
    if #found < MOST_CERTIFICATES then found[#found + 1] = text:gsub("%s", "") end
  end
  return found
end

local paths = memory()

-- The links of the path from the caller's certificate, each as the filters behind this one take it; nil if there is no path.
local function links_of(handle, connection, rule, now)
  local name = rule.set .. connection:urlEncodedPemEncodedPeerCertificateChain()
  local found = paths.recall(name, now)
  if found then return found end
  local leaf, others = nil, {}
  for place, text in ipairs(presented(connection)) do
    local one = certificate_of(decoded(text))
    if place == 1 then leaf = one else others[#others + 1] = one end
  end
  if not leaf then return nil end
  local links, holds = path_from(leaf, others, authorities_of(rule), now, 1)
  if not links then return nil end
  local written = {}
  for place, link in ipairs(links) do
    local one, key = link[1], link[2]
    written[place] = {
      hash = one.hash, signed = handle:base64Escape(one.signed), signature = handle:base64Escape(one.signature),
      key = handle:base64Escape(key), holds = holds,
    }
  end
  return paths.remember(name, written, holds)
end
""".replace("@LINKS@", str(LINKS))
