"""A back end that refuses the client certificate by an answer: found by its page, counted, logged, and told in headers. [pure]

The script runs only on answers whose status is one of the table's. It reads short pages that say how long they are and are not
compressed, as servers' own are; the answer passes as it is, with an activity id and the kind of failure beside it. An API that presents no
certificate, as its virtual host or routes tell, cannot have one refused: its back end demands one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from apis.policy.failure import FAILURE_HEADER, Failure
from apis.policy.refusal_pages import REFUSAL_PAGES
from gateway.compile.names import ACTIVITY_HEADER, METADATA, WITHOUT_CERTIFICATE

STATUSES = tuple(sorted({page.status for page in REFUSAL_PAGES}))
REFUSED = "refused"  # in the call's metadata: what counts and logs it goes by this
_LONGEST_PAGE = 16_384

# math.random is the same after each start of a worker unless it is seeded; an address of its memory and the time are not.
SCRIPT = """
local pages = {{{pages}}}
math.randomseed((tonumber(tostring(pages):match("0x(%x+)"), 16) or 0) % 2147483647 + os.time())

local function short_page(handle, headers)
  local length = tonumber(headers:get("content-length") or "")
  if not length or length > {longest} or headers:get("content-encoding") then return "" end
  local body = handle:body()
  return body and body:getBytes(0, body:length()):lower() or ""
end

local function is_refusal(handle, headers)
  local wanted = pages[headers:get(":status")]
  if not wanted then return false end
  local page = nil
  for _, words in ipairs(wanted) do
    if words == "" then return true end
    page = page or short_page(handle, headers)
    if page:find(words, 1, true) then return true end
  end
  return false
end

local function activity_id()
  local parts = {{}}
  for index = 1, 8 do parts[index] = string.format("%04x", math.random(0, 65535)) end
  return table.concat(parts, "", 1, 2) .. "-" .. table.concat(parts, "-", 3, 5) .. "-" .. table.concat(parts, "", 6, 8)
end

local function note_refusal(handle)
  local headers = handle:headers()
  if headers:get("{activity}") or not is_refusal(handle, headers) then return end
  headers = handle:headers()
  headers:add("{activity}", activity_id())
  headers:add("{failure}", told(handle, "{without}") and "{demanded}" or "{kind}")
  handle:streamInfo():dynamicMetadata():set("{namespace}", "{refused}", true)
end
"""


def script() -> str:
    """Return the functions of the script; ``note_refusal`` is to be called with the answer. It needs ``told`` of the redirects."""
    return SCRIPT.format(
        pages=", ".join(_pages()),
        longest=_LONGEST_PAGE,
        activity=ACTIVITY_HEADER,
        failure=FAILURE_HEADER,
        kind=Failure.CLIENT_CERTIFICATE_REFUSED,
        demanded=Failure.CLIENT_CERTIFICATE_DEMANDED,
        without=WITHOUT_CERTIFICATE,
        namespace=METADATA,
        refused=REFUSED,
    )


def _pages() -> Iterator[str]:
    for status in STATUSES:
        words = ", ".join(json.dumps(page.words.lower()) for page in REFUSAL_PAGES if page.status == status)
        yield f'["{status}"] = {{{words}}}'
