"""The Test tab: one call through the gateway, and one's last calls."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from apis.access import may
from apis.connection import Trial, explain, key_damaged, primary_key_of, unreachable
from apis.console.curl import Call, curl
from apis.console.deeds import deeds_of
from apis.console.form import ConsoleForm
from apis.console.marks import STATE_HEADER, TRACE_HEADER, marked, new_trace
from apis.console.models import TestedCall, calls_of, keep_only_the_last
from apis.gateway_call import GatewayUnreachable, call
from apis.models import Api
from apis.views.common import OK, UNPROCESSABLE, api_of, gateway_address, tab
from certificates.sealing import SealingError
from portal.http import PortalRequest, wants_fragment
from portal.whole_numbers import whole_number

_LOOKS = 5  # how often a page asks again what the gateway tells


@sensitive_post_parameters()  # the parameters of an operation have names of their own
@sensitive_variables("form", "sent", "context")
@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_api")
def console(request: PortalRequest, name: str) -> HttpResponse:
    """Offer a call to one of the operations (``?operation=`` chooses it), send it and show what came back."""
    api = api_of(name)
    operations = list(api.operations.all())
    sent = request.POST if request.method == "POST" else request.GET
    operation = next((one for one in operations if one.name == sent.get("operation")), operations[0] if operations else None)
    if operation is None:
        return tab(request, api, "console", template="apis/console/tab.html", operations=operations)
    form = ConsoleForm(request.POST if request.method == "POST" else None, api=api, operation=operation)
    context: dict[str, Any] = {"form": form, "operation": operation, "gateway_url": gateway_address(request, api)}
    if request.method == "POST" and form.is_valid():
        context |= _called(request, api, form)
    context["history"] = calls_of(request.user, api)
    status = UNPROCESSABLE if form.errors else OK
    if wants_fragment(request):
        return render(request, "apis/console/_call.html", context | {"api": api}, status=status)
    return tab(request, api, "console", template="apis/console/tab.html", status=status, operations=operations, **context)


@require_safe
@may("apis.change_api")
def one_call(request: PortalRequest, name: str, trace: str) -> HttpResponse:
    """Show what the gateway did with one call, whose address may be passed on; to htmx that alone, which asks again until it has come."""
    api = api_of(name)
    made = get_object_or_404(TestedCall, api=api, trace=trace)
    looks = whole_number(request.GET.get("looks", ""))
    left = _LOOKS if looks is None else min(looks, _LOOKS)
    context: dict[str, Any] = {"call": made, "deeds": deeds_of(made), "looks_left": left - 1 if wants_fragment(request) else 0}
    if wants_fragment(request):
        return render(request, "apis/console/_deeds.html", context | {"api": api})
    return tab(request, api, "console", template="apis/console/one_call.html", **context)


@sensitive_variables()
def _called(request: PortalRequest, api: Api, form: ConsoleForm) -> dict[str, Any]:
    """Make the call, note it, and return what the page shows of it."""
    headers = dict(form.cleaned_data["headers"])
    has_trace = {name.lower() for name in headers} & {TRACE_HEADER, STATE_HEADER}  # whoever traces by themselves is not disturbed
    trace = "" if has_trace else new_trace()
    at = timezone.now()
    made = _row(request, api, form, trace=trace, at=at) if trace else None
    trial = _send(api, form, headers | (marked(trace) if trace else {}))
    if made and trial.answer:
        TestedCall.objects.filter(pk=made.pk).update(status=trial.answer.status, milliseconds=trial.answer.milliseconds)
    url = gateway_address(request, api) + form.path_to_call()
    line = curl(
        Call(
            method=form.method_to_send(),
            url=url,
            headers=headers,
            body=form.cleaned_data["body"],
            key_header=api.key_header,
            key_query=api.key_query,
            sends_key=bool(form.cleaned_data["subscription"]),
        )
    )
    return {"trial": trial, "called": f"{form.method_to_send()} {url}", "curl": line, "call": made, "looks_left": _LOOKS}


def _row(request: PortalRequest, api: Api, form: ConsoleForm, *, trace: str, at: Any) -> TestedCall:
    """Note the call before it is made: what the gateway tells of it may come before its answer."""
    made = TestedCall.objects.create(
        person=request.user,
        api=api,
        trace=trace,
        at=at,
        operation=form.target.name,
        method=form.method_to_send(),
        path=form.path_to_call().partition("?")[0][:2000],
        key_sent=bool(form.cleaned_data["subscription"]),
    )
    keep_only_the_last(request.user, api)
    return made


@sensitive_variables()
def _send(api: Api, form: ConsoleForm, headers: dict[str, str]) -> Trial:
    """Make the call; the subscription's key is added here and nowhere shown."""
    if chosen := form.subscriptions.get(form.cleaned_data["subscription"]):
        try:
            headers[api.key_header] = primary_key_of(chosen)
        except SealingError:
            return key_damaged(chosen)
    try:
        answer = call(
            form.method_to_send(), form.path_to_call(), headers=headers, body=form.cleaned_data["body"].encode(), host=api.host_to_call
        )
    except GatewayUnreachable as failure:
        return unreachable(failure)
    return explain(api, answer)
