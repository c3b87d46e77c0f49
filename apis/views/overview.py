"""The list of APIs, a new one, one API's summary and its deletion."""

from __future__ import annotations

import shlex

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from apis import actions
from apis.access import may
from apis.forms import NAME_TAKEN, TAKEN, NewApiForm
from apis.models import Api, Operation
from apis.searching import APIS
from apis.url_template import ANY_METHOD, filled, parameters_of
from apis.views.common import OK, UNPROCESSABLE, api_of, gateway_address, tab
from portal.finding import led_to
from portal.http import PortalRequest, wants_fragment
from portal.listing import Column, listing
from portal.responses import see_other

_COLUMNS = (
    Column(key="name", label=gettext_lazy("Web API name"), field="display_name", any_case=True),
    Column(key="path", label=gettext_lazy("Web API URL suffix"), field="path", any_case=True),
    Column(key="service_url", label=gettext_lazy("Web service URL"), field="service_url", any_case=True),
    Column(key="changed", label=gettext_lazy("Changed"), field="changed_at"),
)
# What a list needs of each row; certificates' bytes and sealed keys stay in the database.
_SHOWN = (
    "name",
    "display_name",
    "path",
    "service_url",
    "credentials",
    "changed_at",
    "subscription_required",
    "validate_certificate_chain",
    "certificate__name",
    "certificate__current__label",
    "certificate__current__thumbprint",
    "certificate__current__not_after",
)


@require_safe
@may("apis.view_api")
def index(request: PortalRequest) -> HttpResponse:
    """List the APIs: ``q`` searches, ``sort`` and ``page`` do what they say."""
    if answer := led_to(request):
        return answer
    rows = Api.objects.select_related("certificate__current").only(*_SHOWN)
    shown = listing(request, rows, _COLUMNS, search=APIS)
    template = "apis/_list.html" if (fragment := wants_fragment(request)) else "apis/index.html"
    return render(request, template, {"listing": shown, "page": shown.page, "fragment": fragment})


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.add_api")
def new(request: PortalRequest) -> HttpResponse:
    """Add an API."""
    form = NewApiForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            api = actions.create_api(form.name_to_give(), form.chosen(), by=request.user, now=timezone.now())
        except actions.Taken as refusal:
            form.add_error(refusal.field, NAME_TAKEN[Api] if refusal.field == "name" else TAKEN["path"])
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
    return tab(request, api, "detail", gateway_url=url, curl=_curl_line(api, operations, url), counts=counts)


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.delete_api")
def delete(request: PortalRequest, name: str) -> HttpResponse:
    """Delete an API once it is confirmed, with its operations and the subscriptions to it alone."""
    api = api_of(name)
    if request.method == "POST":
        actions.delete_api(api, by=request.user, now=timezone.now())
        messages.success(request, _("%(api)s was deleted.") % {"api": api.display_name})
        return see_other("apis:index")
    subscriptions = api.subscriptions.annotate(keys_count=Count("keys")).order_by("display_name", "name")
    return render(request, "apis/confirm_delete.html", {"api": api, "subscriptions": subscriptions, "operations": api.operations.count()})


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
