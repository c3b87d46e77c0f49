"""What is pasted into a search box and means one thing, wherever it is pasted: the activity id that a caller quotes, for instance.

The rooms that know such things enter here how they are found.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import redirect
from django_htmx.http import HttpResponseClientRedirect

from portal.http import PortalRequest

Finder = Callable[[PortalRequest, list[str]], str]

_LONGEST = 10_000  # characters: a whole answer may be pasted, headers and all
_MOST = 10  # ids of one text
# As the gateway makes them (RFC 9562, 4), in whatever a caller has copied: a header, a body, a sentence.
_ID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f-])")
_finders: list[Finder] = []


def find_with(finder: Finder) -> None:
    """Let *finder* tell where one of these ids is shown, empty if it knows none of them. Entered once by each room."""
    _finders.append(finder)


def ids_in(text: str) -> list[str]:
    """Return the ids in *text*, in small letters: the text itself, if it is one word, and whatever looks like one."""
    words = text[:_LONGEST].replace("\0", "").lower().split()
    return list(dict.fromkeys([*(words if len(words) == 1 else []), *_ID.findall(" ".join(words))[:_MOST]]))


def holds_id(text: str) -> bool:
    """Return whether *text* holds what looks like an id, so that who searches for it means one thing."""
    return _ID.search(text.lower()) is not None


def led_to(request: PortalRequest) -> HttpResponse | None:
    """Return the answer that leads to the one thing that ``q`` names; ``None``: it names none, and is searched for."""
    ids = ids_in(request.GET.get("q", ""))
    for finder in _finders if ids else ():
        if address := finder(request, ids):
            return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
    return None
