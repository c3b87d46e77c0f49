"""The list of APIs, a new one, one API's summary and its deletion."""

from __future__ import annotations

import shlex

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apis import actions
from apis import listing as api_list
from apis.access import may
from apis.backends.models import BackEnd
from apis.backends.picking import NO_SUCH_BACK_END
from apis.calls import COUNTED_FROM_THE_START
from apis.forms import NAME_TAKEN, TAKEN, NewApiForm
from apis.models import Api, Operation
from apis.price import price_of
from apis.url_template import ANY_METHOD, filled, parameters_of
from apis.views.common import OK, UNPROCESSABLE, api_of, gateway_address, tab
from certificates.rollout.standing import open_step_of
from portal.finding import led_to
from portal.http import PortalRequest, wants_fragment
from portal.listing import listing, offering
from portal.responses import see_other


@require_safe
@may("apis.view_api")
def index(request: PortalRequest) -> HttpResponse:
    """List the APIs: ``q``, ``show`` and ``certificate`` narrow, ``sort``, ``per`` and ``page`` do what they say."""
    if answer := led_to(request):
        return answer
    rows = api_list.rows(request.GET).select_related(*api_list.PRESENTED).only(*api_list.SHOWN)
    found = listing(request, rows, api_list.COLUMNS, search=api_list.search, chips=api_list.chips(request.GET))
    shown = offering(found, request, name="apis", columns=api_list.COLUMNS, unsorted=api_list.UNSORTED)
    template = "apis/_list.html" if (fragment := wants_fragment(request)) else "apis/index.html"
    context = {"listing": shown, "page": shown.page, "fragment": fragment, "certificate": request.GET.get("certificate", "")}
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.add_api")
def new(request: PortalRequest) -> HttpResponse:
    """Add an API."""
    form = NewApiForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            counted = Api.objects.count() < COUNTED_FROM_THE_START
            api = actions.create_api(form.name_to_give(), form.chosen(), counted=counted, by=request.user, now=timezone.now())
        except actions.Taken as refusal:
            form.add_error(refusal.field, NAME_TAKEN[Api] if refusal.field == "name" else TAKEN["path"])
        except BackEnd.DoesNotExist:
            form.add_error("back_end", NO_SUCH_BACK_END)
        else:
            messages.success(request, _("%(api)s was added. It lets calls through once it has operations.") % {"api": api.display_name})
            return see_other("apis:operations", name=api.name)
    return render(request, "apis/new.html", {"form": form}, status=UNPROCESSABLE if form.errors else OK)


@require_safe
@may("apis.view_api")
def detail(request: PortalRequest, name: str) -> HttpResponse:
    """Sum an API up: what it does, how it is called."""
    api = api_of(name)
    operations = list(api.operations.all())
    url = gateway_address(request, api) + api.gateway_path
    counts = {"operations": len(operations), "subscriptions": api.subscriptions.count()}
    step = open_step_of(api.certificate)
    return tab(request, api, "detail", gateway_url=url, curl=_curl_line(api, operations, url), counts=counts, step=step)


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.delete_api")
def delete(request: PortalRequest, name: str) -> HttpResponse:
    """Delete an API once it is confirmed, with its operations and the subscriptions to it alone."""
    api = api_of(name)
    if request.method == "POST":
        actions.delete_api(api, by=request.user, now=timezone.now())
        messages.success(request, _("%(api)s was deleted.") % {"api": api.display_name})
        return see_other("apis:index")
    context = {"api": api, "named": api.subscriptions.order_by("display_name", "name"), **price_of(Api.objects.filter(pk=api.pk))}
    return render(request, "apis/confirm_delete.html", context)


def _curl_line(api: Api, operations: list[Operation], url: str) -> str:
    """Return a command that calls the API, ready to be pasted once the key and the parameters in capitals are filled in."""
    first = next((one for one in operations if one.method in {"GET", ANY_METHOD}), operations[0] if operations else None)
    template = first.url_template if first else "/"
    path, query = filled(template, {name: name.upper() for name in parameters_of(template)})
    words = ["curl", "-i"]
    if first and first.method not in {"GET", ANY_METHOD}:
        words += ["-X", first.method]
    if api.subscription_required:
        words += ["-H", f"{api.key_header}: YOUR-KEY"]
    return shlex.join([*words, f"{url}{path}" + (f"?{query}" if query else "")])
