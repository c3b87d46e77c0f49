"""The gateways' pages: which there are, what each runs, what it refused."""

from __future__ import annotations

import re

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count, F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from gateway import actions
from gateway.control.enrolment import reached_at
from gateway.counts import TotalCount
from gateway.models import Gateway, Refusal
from gateway.pages.forms import EnrolForm
from gateway.pictures.fleet import feed_of, fleet
from gateway.seeing.figures import DEFAULT_WINDOW, sums_of
from gateway.templatetags.gateways import live_context
from gateway.turned_away import TurnedAway
from portal.activity import last_line
from portal.http import PortalRequest, wants_fragment
from portal.live import Kind
from portal.responses import see_other
from portal.signin.confirming import recently_confirmed

_SHOWN_REFUSALS = 50
_LONGEST_WAIT = 60_000  # milliseconds
_WAIT = re.compile(r"[0-9]{1,9}\Z")


@require_safe
@permission_required("gateway.view_gateway", raise_exception=True)
def index(request: PortalRequest) -> HttpResponse:
    """Show the gateways: connected since when, what they run, what they have refused."""
    gateways = list(Gateway.objects.with_presence().annotate(refused=Count("refusals")))
    newest = last_line()
    planes = fleet(gateways, newest)
    refusals = list(Refusal.objects.select_related("gateway", "api").annotate(version=F("presents__number"))[: _SHOWN_REFUSALS + 1])
    context = {
        "gateways": [(gateway, feed_of(gateway, newest)) for gateway in gateways],
        "planes": planes,
        "drawn": sum(plane.rows for plane in planes),
        "ending": [gateway for gateway in gateways if gateway.ends_soon(now=timezone.now())],
        "newest": newest,
        "turned_away": list(TurnedAway.objects.lately(now=timezone.now())),
        "refusals": refusals[:_SHOWN_REFUSALS],
        "more_refusals": len(refusals) > _SHOWN_REFUSALS,
    }
    return render(request, "gateways/_gateways.html" if wants_fragment(request) else "gateways/index.html", context)


@require_safe
@permission_required("gateway.view_gateway", raise_exception=True)
def live(request: PortalRequest, kind: str, pk: int) -> HttpResponse:
    """Answer the fragment that says whether the newest change of something is live."""
    if kind not in list(Kind):
        raise Http404
    wait = request.GET.get("wait", "")
    context = live_context(Kind(kind), pk, request.user, wait=min(int(wait), _LONGEST_WAIT) if _WAIT.match(wait) else 0)
    response = render(request, "gateways/_live_words.html", context)
    add_never_cache_headers(response)
    return response


@sensitive_variables("issued")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("gateway.add_gateway", raise_exception=True)
@recently_confirmed
def enrol(request: PortalRequest) -> HttpResponse:
    """Let a gateway on another machine come; answer its certificate and key as one file, which is kept nowhere."""
    form = EnrolForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"form": form, "address": reached_at(settings.XDS_ADDRESS, settings.XDS_NAMES) if settings.XDS_ADDRESS else ""}
        return render(request, "gateways/enrol.html", context, status=422 if form.is_bound else 200)
    name = form.cleaned_data["name"]
    issued = actions.enrol(name, by=request.user, now=timezone.now())
    response = HttpResponse(issued.archive(), content_type="application/x-tar")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{name}.tar") or "attachment"
    add_never_cache_headers(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("gateway.delete_gateway", raise_exception=True)
def remove(request: PortalRequest, name: str) -> HttpResponse:
    """Forget a gateway, after a confirmation."""
    gateway = get_object_or_404(Gateway, name=name)
    if request.method == "POST":
        try:
            actions.remove(gateway, by=request.user, now=timezone.now())
        except Gateway.DoesNotExist as gone:
            raise Http404 from gone
        messages.success(request, _("%(name)s was removed.") % {"name": name})
        return see_other("gateways:index")
    return render(request, "gateways/confirm_remove.html", {"gateway": gateway, **_relied_on(gateway)})


def _relied_on(gateway: Gateway) -> dict[str, int | bool]:
    """Return who would miss a gateway: how many others are connected, and how many calls all together have had today."""
    connected = [one.pk for one in Gateway.objects.with_presence() if one.is_connected]
    sums = sums_of(TotalCount.objects.all(), DEFAULT_WINDOW, now=timezone.now())
    return {"connected": gateway.pk in connected, "others": len(set(connected) - {gateway.pk}), "calls": sum(sums.values())}
