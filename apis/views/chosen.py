"""What is done with several APIs of the list at once: deleted, exported. Moving them is :mod:`apis.moving`."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from apis import actions
from apis.access import may
from apis.listing import PRESENTED, SHOWN, chosen
from apis.models import Api
from apis.price import price_of
from portal.http import PortalRequest
from portal.meanwhile import digest_of
from portal.responses import see_other
from portal.tables import download

_HEADINGS = ("name", "display_name", "path", "service_url", "credentials", "certificate", "thumbprint", "expires", "changed")
_NAMED = 50  # of those that are to be deleted; the others are counted


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.delete_api")
def removal(request: PortalRequest) -> HttpResponse:
    """Delete the APIs that are ticked, all or none, once it is confirmed which and what goes with them."""
    apis = chosen(request.GET).order_by("display_name", "name")
    number = apis.count()
    if not number:
        messages.info(request, _("Nothing is ticked that could be deleted."))
        return see_other("apis:index")
    if request.method != "POST":
        return render(request, "apis/confirm_removal.html", _price_of(apis, number))
    rows = list(apis)
    if request.POST.get("seen") != digest_of(api.pk for api in rows):
        messages.warning(request, _("The list has changed meanwhile, and nothing was deleted. Look at it again, then confirm."))
        return see_other(request.get_full_path())
    with transaction.atomic():
        for api in rows:
            actions.delete_api(api, by=request.user, now=timezone.now())
    messages.success(request, ngettext("%d API was deleted.", "%d APIs were deleted.", number) % number)
    return see_other("apis:index")


@require_safe
@may("apis.view_api")
def export(request: PortalRequest) -> HttpResponse:
    """Answer the APIs that are ticked, or all that the address shows, as CSV."""
    asked = request.GET.copy()
    if not asked.getlist("apis"):
        asked["chosen"] = "all"
    rows = chosen(asked).select_related(*PRESENTED).only(*SHOWN).order_by("display_name", "name")
    return download("apis", _HEADINGS, (_row(api) for api in rows.iterator(chunk_size=500)))


def _row(api: Api) -> tuple[Any, ...]:
    version = api.presented
    presented = (api.certificate, version.thumbprint, version.not_after.astimezone(UTC).isoformat()) if version else ("", "", "")
    changed = api.changed_at.astimezone(UTC).isoformat(timespec="seconds")
    return (api.name, api.display_name, api.path, api.service_url, api.credentials, *presented, changed)


def _price_of(apis: Any, number: int) -> dict[str, Any]:
    shown = list(apis.only("name", "display_name")[:_NAMED])
    seen = digest_of(apis.values_list("pk", flat=True))
    return {"apis": shown, "number": number, "seen": seen, "more": number - len(shown), **price_of(apis)}
