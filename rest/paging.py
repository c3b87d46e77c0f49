"""``$top``, ``$skip``, ``count`` and ``nextLink``: a list in pages, each with the address of the next."""

from __future__ import annotations

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


def page_of(request: HttpRequest, rows: QuerySet[Row]) -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of the page that *request* asks for, and ``count`` and ``nextLink`` of its answer.

    :raises Invalid: if ``$top`` or ``$skip`` is no number in its range
    """
    faults: list[Fault] = []
    top = _number(request, "$top", default=PAGE, least=1, faults=faults)
    skip = _number(request, "$skip", default=0, least=0, faults=faults)
    if faults:
        raise Invalid(*faults)
    size = min(top, LARGEST)
    shown = list(rows[skip : skip + size])
    # A page that is not full says how many there are; only others must be counted.
    count = skip + len(shown) if 0 < len(shown) < size else rows.count()
    return shown, {"count": count, "nextLink": _next(request, skip + size) if skip + size < count else None}


def _number(request: HttpRequest, name: str, *, default: int, least: int, faults: list[Fault]) -> int:
    text = request.GET.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < len(str(_MOST_SKIPPED)) and int(text) >= least):
        faults.append(Fault(name, _("%(name)s is a whole number, %(least)d or more.") % {"name": name, "least": least}))
        return default
    return int(text)


def _next(request: HttpRequest, skip: int) -> str:
    """Return the same address with another ``$skip``.

    A client that came by https (and may insist on it) goes on by https, also where a TLS proxy was not made known to the portal.
    What the header says goes back to its sender alone.
    """
    query = request.GET.copy()
    query["$skip"] = str(skip)
    link = request.build_absolute_uri(f"{escape_uri_path(request.path)}?{query.urlencode(safe='$')}")
    first_scheme = request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()  # of several proxies, the outermost
    if first_scheme == "https" and link.startswith("http://"):
        link = f"https://{link.removeprefix('http://')}"
    return link
