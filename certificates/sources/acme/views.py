"""The page of an order: a certificate by ACME, which renews itself from then on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from certificates import actions as certificate_actions
from certificates.access import may
from certificates.kinds import Pages
from certificates.sources.acme import actions
from certificates.sources.acme.forms import AcmeForm
from certificates.sources.acme.turns import ORDERS
from certificates.sources.models import SourceKind
from certificates.sources.standing import source_of
from certificates.sources.trouble import Trouble
from portal.http import PortalRequest
from portal.responses import see_other
from portal.turns import Busy


@sensitive_variables("form")
@sensitive_post_parameters("binding_key")
@require_http_methods(["GET", "HEAD", "POST"])
@may("add")
def order(request: PortalRequest, pages: Pages) -> HttpResponse:
    """Order a certificate; ``name`` in the address names an entry that is there."""
    if request.method != "POST":
        return _page(request, pages, AcmeForm(initial=_as_it_is(pages, request.GET.get("name", ""))))
    form = AcmeForm(request.POST)
    if not form.is_valid():
        return _page(request, pages, form, status=422)
    name = form.cleaned_data["name"]
    if name and pages.model.objects.named(name).exists() and not request.user.has_perm(pages.permission("change")):
        raise PermissionDenied
    try:
        with ORDERS.turn():
            entry = actions.order(pages.model, form.wish(), binding=form.bound_to(), name=name, by=request.user, now=timezone.now())
    except Trouble as trouble:
        form.add_error(trouble.field if trouble.field in form.fields else "directory", str(trouble))
        return _page(request, pages, form, status=422)
    except (certificate_actions.NameTaken, certificate_actions.AlreadyUploaded) as refusal:  # at this very moment
        form.add_error("name", _("There is already a certificate named %(name)s.") % {"name": refusal.certificate.name})
        return _page(request, pages, form, status=422)
    except Busy:
        form.add_error("directory", _("Too many certificates are being ordered just now. Wait a moment and try again."))
        return _page(request, pages, form, status=429)
    messages.success(request, _("%(name)s was issued, and renews itself in time.") % {"name": entry.name})
    return see_other(pages.to["detail"], entry.name)


def _as_it_is(pages: Pages, name: str) -> dict[str, Any]:
    """Return what the form begins with: for an entry, what it orders now, or what its certificate is for."""
    entry = pages.model.objects.named(name).select_related("current").first() if name else None
    if entry is None or entry.current is None:
        return {}
    source = source_of(entry)
    if source and source.kind == SourceKind.ACME:
        return {"name": entry.name, **source.settings, "names": "\n".join(source.settings["names"].split())}
    return {"name": entry.name, "names": "\n".join(entry.current.path[0].host_names)}


def _page(request: PortalRequest, pages: Pages, form: AcmeForm, *, status: int = 200) -> HttpResponse:
    return render(request, "certificates/sources/acme.html", {"pages": pages, "form": form}, status=status)
