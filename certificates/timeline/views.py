"""Security → Timeline: what happens to certificates, as a table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from certificates.kinds import PAGES, seen_by
from certificates.models import ClientCertificate, Kind
from certificates.timeline.happenings import rows
from certificates.timeline.words import NAMES
from portal.http import PortalRequest
from portal.listing import PAGE_SIZE


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """List what happens, the earliest first; ``from`` and ``to`` choose days, ``page`` as in the address."""
    kinds = seen_by(request.user)
    if not kinds:
        raise PermissionDenied
    first, last = _day(request.GET.get("from")), _day(request.GET.get("to"))
    now = timezone.now()
    page = Paginator(rows(kinds, first=first, last=last), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "happenings": _shown(page.object_list), "first": first, "last": last, "kinds": kinds, "now": now}
    return render(request, "certificates/timeline/index.html", context)


def _shown(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    happenings = list(found)
    entries = ClientCertificate.objects.filter(pk__in=[one["entry"] for one in happenings])
    used = dict(entries.order_by().annotate(number=Count("apis")).values_list("pk", "number"))
    return [one | {"words": NAMES[one["what"]], "pages": PAGES[Kind(one["sort"])], "used": used.get(one["entry"])} for one in happenings]


def _day(said: str | None) -> date | None:
    try:
        return parse_date(said or "")
    except ValueError:
        return None
