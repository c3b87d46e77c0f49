"""The pages about failures: which causes there are, at which API, with which certificate; one call."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apis.models import Api
from gateway.models import FailedCall, FailureKind, Gateway
from gateway.seeing.causes import MOST, causes_of
from gateway.seeing.figures import WINDOWS
from portal.finding import holds_id, led_to
from portal.http import PortalRequest, wants_fragment
from portal.listing import PAGE_SIZE, PagesByKey, words_of

_HAS_FAILED = Exists(FailedCall.objects.filter(api=OuterRef("pk")))
_SHOWN = ("activity_id", "at", "method", "path", "kind", "api__name", "api__display_name")
NOTHING = "none"  # in place of the thumbprint of what was presented


@require_safe
@permission_required("gateway.view_failedcall", raise_exception=True)
def index(request: PortalRequest) -> HttpResponse:
    """Show the causes and the calls; ``q`` finds one by the activity id its caller quotes, others narrow them down."""
    if answer := led_to(request):
        return answer
    words = words_of(request.GET.get("q", ""))
    window = WINDOWS.get(request.GET.get("span", ""))
    calls = FailedCall.objects.matching(words)
    if window:
        calls = calls.filter(at__gte=window.begin(timezone.now()))
    api = None
    if name := words_of(request.GET.get("api", "")):
        api = get_object_or_404(Api, name=name)
        calls = calls.filter(api=api)
    if (kind := request.GET.get("kind", "")) in FailureKind.values:
        calls = calls.filter(kind=kind)
    if (presented := request.GET.get("presented", "")) == NOTHING:
        calls = calls.filter(presented=None)
    elif presented:
        calls = calls.filter(presented__thumbprint=words_of(presented))
    if gateway := words_of(request.GET.get("gateway", "")):
        calls = calls.filter(gateway=gateway)
    narrowed = any(request.GET.get(name) for name in ("q", "api", "kind", "gateway", "span", "presented"))
    # Chosen before they are grouped: else SQLite reads all there are, in the order of groups, each from its own place.
    causes, number = causes_of(FailedCall.objects.filter(pk__in=calls.values("pk")) if narrowed else calls)
    context: dict[str, Any] = {
        "causes": causes,
        "most_causes": MOST,
        "page": PagesByKey(calls.select_related("api").only(*_SHOWN), PAGE_SIZE, counted=number).get_page(request.GET.get("page")),
        "words": words,
        "asked_for_id": holds_id(words),
        "api": api,
        "apis": Api.objects.filter(_HAS_FAILED).order_by("display_name").only("name", "display_name"),
        "kind": kind,
        "kinds": FailureKind.choices,
        "gateway": gateway,
        "gateways": Gateway.objects.values_list("name", flat=True),
        "window": window,
        "windows": WINDOWS.values(),
        "narrowed": narrowed,
    }
    return render(request, "gateways/failures.html", context)


@require_safe
@permission_required("gateway.view_failedcall", raise_exception=True)
def call(request: PortalRequest, activity_id: str) -> HttpResponse:
    """Show one failed call, with Envoy's own words; to htmx its facts alone. Ids are in small letters, however somebody quotes them."""
    known = FailedCall.objects.select_related("api", "presented__certificate")
    found = get_object_or_404(known, activity_id=words_of(activity_id).lower())
    template = "gateways/_failed_call.html" if wants_fragment(request) else "gateways/failed_call.html"
    return render(request, template, {"call": found, "activity_id": activity_id})


@require_safe
@permission_required("gateway.view_failedcall", raise_exception=True)
def moved(request: PortalRequest, activity_id: str = "") -> HttpResponse:
    """Lead from where these pages were once to where they are, with what was asked for."""
    if activity_id:
        return redirect("failures:call", activity_id, permanent=True)
    return redirect(reverse("failures:index", query=request.GET), permanent=True)
