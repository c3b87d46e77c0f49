"""Security → Sources: what entries renew themselves from, those that fail first."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from certificates.kinds import PAGES
from certificates.models import Kind
from certificates.sources.models import Source, SourceKind
from portal.http import PortalRequest, wants_fragment
from portal.listing import Chip, Column, holding, listing

_COLUMNS = (
    Column(key="name", label=gettext_lazy("Name"), field="certificate__name"),
    Column(key="brought", label=gettext_lazy("Last version from there"), field="delivered_at"),
    Column(key="expires", label=gettext_lazy("Expires"), field="certificate__current__not_after"),
)
CHIPS = (
    Chip(key="failing", label=gettext_lazy("Fails"), condition=lambda: Q(failing_since__isnull=False), tone="bad"),
    Chip(key="watched", label=SourceKind.WATCHED.label, condition=lambda: Q(kind=SourceKind.WATCHED)),
    Chip(key="acme", label=SourceKind.ACME.label, condition=lambda: Q(kind=SourceKind.ACME)),
)
_search = holding("certificate__name", "certificate__current__label", "settings__path", "settings__directory", "settings__names")


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """List the sources of the entries that the reader may see; ``q``, ``show``, ``sort``, ``per`` and ``page`` as in the address."""
    kinds = [kind for kind, pages in PAGES.items() if request.user.has_perm(pages.permission("view"))]
    if not kinds:
        raise PermissionDenied
    rows = Source.objects.filter(certificate__kind__in=kinds).select_related("certificate__current").annotate(name=F("certificate__name"))
    shown = listing(request, rows, _COLUMNS, search=_search, chips=CHIPS)
    context = {
        "listing": shown,
        "page": shown.page,
        "sources": [(PAGES[Kind(source.certificate.kind)], source) for source in shown.page.object_list],
        "fragment": wants_fragment(request),
        "may_add": any(request.user.has_perm(pages.permission("add")) for pages in PAGES.values()),
    }
    return render(request, "certificates/sources/_list.html" if context["fragment"] else "certificates/sources/index.html", context)
