"""``$top``, ``$skip``, ``count`` and ``nextLink``: a list in pages, each with the address of the next.

The address of the next page names the last entity of this one (``$skiptoken``), so that whoever deletes while walking misses nothing.
"""

from __future__ import annotations

import base64
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext as _

from rest.envelope import Fault, Invalid

PAGE = 100  # entities, unless $top says otherwise
LARGEST = 1000
_MOST_SKIPPED = 2**31 - 1

Row = TypeVar("Row", bound=Model)


def page_of(request: HttpRequest, rows: QuerySet[Row], *, by: str = "name") -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of the page that *request* asks for, and ``count`` and ``nextLink`` of its answer.

    :param rows: ordered by the column *by*
    :raises Invalid: if ``$top`` or ``$skip`` is no number in its range, or ``$skiptoken`` is none of ours
    """
    faults: list[Fault] = []
    top = _number(request, "$top", default=PAGE, least=1, faults=faults)
    skip = _number(request, "$skip", default=0, least=0, faults=faults)
    after = _after(request, faults)
    if faults:
        raise Invalid(*faults)
    size = min(top, LARGEST)
    following = rows.filter(**{f"{by}__gt": after}) if after else rows
    shown = list(following[skip : skip + size + 1])
    page, more = shown[:size], len(shown) > size
    # A first page with nothing behind it says how many there are; only others must be counted.
    count = skip + len(page) if page and not more and not after else rows.count()
    return page, {"count": count, "nextLink": _next(request, getattr(page[-1], by)) if more else None}


def _number(request: HttpRequest, name: str, *, default: int, least: int, faults: list[Fault]) -> int:
    text = request.GET.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < len(str(_MOST_SKIPPED)) and int(text) >= least):
        faults.append(Fault(name, _("%(name)s is a whole number, %(least)d or more.") % {"name": name, "least": least}))
        return default
    return int(text)


def _after(request: HttpRequest, faults: list[Fault]) -> str:
    """Return the name of the last entity of the page before, empty for the first page."""
    token = request.GET.get("$skiptoken", "")
    try:
        name = base64.urlsafe_b64decode(token.encode("ascii")).decode()
    except ValueError:
        name = "\0"
    if "\0" in name:  # PostgreSQL takes none
        faults.append(Fault("$skiptoken", _("This is not from a nextLink of this portal.")))
    return name


def _next(request: HttpRequest, last: str) -> str:
    """Return the address of what follows the entity *last*.

    A client that came by https (and may insist on it) goes on by https, also where a TLS proxy was not made known to the portal.
    What the header says goes back to its sender alone.
    """
    query = request.GET.copy()
    query.pop("$skip", None)
    query["$skiptoken"] = base64.urlsafe_b64encode(last.encode()).decode()
    link = request.build_absolute_uri(f"{escape_uri_path(request.path)}?{query.urlencode(safe='$')}")
    first_scheme = request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()  # of several proxies, the outermost
    if first_scheme == "https" and link.startswith("http://"):
        link = f"https://{link.removeprefix('http://')}"
    return link
