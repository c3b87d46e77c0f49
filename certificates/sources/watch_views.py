"""The pages of watched places: an entry is told where to renew itself from, or to do so no longer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from certificates import actions as certificate_actions
from certificates.access import may
from certificates.kinds import Pages
from certificates.models import Certificate
from certificates.pfx import Problem
from certificates.sources import actions
from certificates.sources.forms import WatchForm
from certificates.sources.standing import source_of
from certificates.sources.trouble import Trouble
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.responses import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@may("add")
def watch(request: PortalRequest, pages: Pages) -> HttpResponse:
    """Let an entry renew itself from a place, beginning with what lies there; ``name`` in the address names one that is there."""
    if request.method != "POST":
        return _form(request, pages, WatchForm(initial=_as_it_is(pages, request.GET.get("name", ""))))
    form = WatchForm(request.POST)
    if not form.is_valid():
        return _form(request, pages, form, status=422)
    name = form.cleaned_data["name"]
    if _entry(pages, name) and not request.user.has_perm(pages.permission("change")):
        raise PermissionDenied
    try:
        entry = actions.watch(pages.model, form.place(), name=name, by=request.user, now=timezone.now())
    except Trouble as trouble:
        form.add_error(trouble.field, str(trouble))
        return _form(request, pages, form, status=429 if trouble.why is Problem.BUSY else 422)
    except certificate_actions.AlreadyUploaded as refusal:
        sentence = _("The certificate there is already uploaded as %(name)s. Enter that name to let it renew itself from there.")
        form.add_error("name", sentence % {"name": refusal.certificate.name})
        return _form(request, pages, form, status=422)
    except certificate_actions.NameTaken as refusal:  # at this very moment
        form.add_error("name", _("There is already a certificate named %(name)s.") % {"name": refusal.certificate.name})
        return _form(request, pages, form, status=422)
    words = _("%(name)s renews itself from %(path)s.") % {"name": entry.name, "path": form.cleaned_data["path"]}
    saved(request, words, pages.live_kind, entry)
    return see_other(pages.to["detail"], entry.name)


@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
def unwatch(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Let an entry no longer renew itself, after a confirmation."""
    certificate = get_object_or_404(pages.model.objects.named(name).select_related("current"))
    if request.method == "POST":
        actions.unwatch(certificate, by=request.user, now=timezone.now())
        saved(request, _("%(name)s no longer renews itself.") % {"name": certificate.name}, pages.live_kind, certificate)
        return see_other(pages.to["detail"], certificate.name)
    context = {"pages": pages, "certificate": certificate, "source": source_of(certificate)}
    return render(request, "certificates/sources/confirm_unwatch.html", context)


def _entry(pages: Pages, name: str) -> Certificate | None:
    return pages.model.objects.named(name).first() if name else None


def _as_it_is(pages: Pages, name: str) -> dict[str, Any]:
    """Return what the form begins with: for an entry, where it renews itself from now."""
    if (entry := _entry(pages, name)) is None:
        return {}
    source = source_of(entry)
    return {"name": entry.name, **(source.settings if source else {})}


def _form(request: PortalRequest, pages: Pages, form: WatchForm, *, status: int = 200) -> HttpResponse:
    context = {"pages": pages, "form": form, "folders": [str(folder) for folder in settings.WATCHED_FOLDERS]}
    return render(request, "certificates/sources/watch.html", context, status=status)
