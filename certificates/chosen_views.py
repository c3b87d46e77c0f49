"""What is done with several certificates of a list at once: deleted, exported."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from certificates import actions
from certificates.access import may
from certificates.holders import holders_of
from certificates.kinds import Pages
from certificates.listing import chosen
from certificates.models import Certificate
from certificates.pages import render
from certificates.uses import apis_that_need
from portal.http import PortalRequest
from portal.meanwhile import digest_of
from portal.responses import see_other
from portal.tables import download

_HEADINGS = ("name", "subject", "issuer", "thumbprint", "thumbprint_sha256", "serial", "key_type", "not_before", "not_after")
_NAMED = 50  # of those that are to be deleted; the others are counted


@require_http_methods(["GET", "HEAD", "POST"])
@may("delete")
def removal(request: PortalRequest, pages: Pages) -> HttpResponse:
    """Delete those of the certificates that are ticked which nothing uses, all or none; those in use are named and stay."""
    entries = list(chosen(request.GET, pages).order_by("name"))
    used = [entry for entry in entries if apis_that_need(entry).exists() or holders_of(entry)]
    free = [entry for entry in entries if entry not in used]
    seen = digest_of(entry.pk for entry in free)
    if not entries:
        messages.info(request, _("Nothing is ticked that could be deleted."))
        return see_other(pages.to["index"])
    if request.method == "POST" and free:
        if request.POST.get("seen") == seen and _delete(free, request):
            deleted = ngettext("%d certificate was deleted.", "%d certificates were deleted.", len(free))
            messages.success(request, deleted % len(free))
            return see_other(pages.to["index"])
        messages.warning(request, _("The list has changed meanwhile, and nothing was deleted. Look at it again, then confirm."))
        return see_other(request.get_full_path())
    context = {"free": free[:_NAMED], "number": len(free), "more": len(free[_NAMED:]), "seen": seen}
    context |= {"used": used[:_NAMED], "used_number": len(used)}
    return render(request, pages, "certificates/confirm_removal.html", context)


def _delete(entries: list[Certificate], request: PortalRequest) -> bool:
    """Delete all of *entries*; return false, and delete none, if one is in use by now."""
    try:
        with transaction.atomic():
            for entry in entries:
                actions.delete(entry, by=request.user, now=timezone.now())
    except (actions.InUse, Certificate.DoesNotExist):
        return False
    return True


@require_safe
@may("view")
def export(request: PortalRequest, pages: Pages) -> HttpResponse:
    """Answer the certificates that are ticked, or all that the address shows, as CSV; nothing in it is secret."""
    asked = request.GET.copy()
    if not asked.getlist("certificates"):
        asked["chosen"] = "all"
    rows = chosen(asked, pages).order_by("name")
    return download(pages.live_kind.value + "s", _HEADINGS, (_row(entry) for entry in rows.iterator(chunk_size=500)))


def _row(entry: Certificate) -> tuple[Any, ...]:
    version = entry.current
    assert version is not None  # noqa: S101 - an entry is made with its first version
    told = (getattr(version, name) for name in _HEADINGS[1:-2])
    return (entry.name, *told, *(moment.astimezone(UTC).isoformat() for moment in (version.not_before, version.not_after)))
