"""The Test tab: one call through the gateway."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from apis.access import may
from apis.connection import Trial, explain, key_damaged, primary_key_of, unreachable
from apis.console_form import ConsoleForm
from apis.gateway_call import GatewayUnreachable, call
from apis.models import Api
from apis.views.common import OK, UNPROCESSABLE, api_of, gateway_address, tab
from certificates.sealing import SealingError
from portal.http import PortalRequest, wants_fragment


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
        return tab(request, api, "console", operations=operations)
    form = ConsoleForm(request.POST if request.method == "POST" else None, api=api, operation=operation)
    trial = _send(api, form) if request.method == "POST" and form.is_valid() else None
    context: dict[str, Any] = {"form": form, "trial": trial, "operation": operation, "gateway_url": gateway_address(request, api)}
    if trial:
        context["called"] = f"{form.method_to_send()} {gateway_address(request, api)}{form.path_to_call()}"
    status = UNPROCESSABLE if form.errors else OK
    if wants_fragment(request):
        return render(request, "apis/_console.html", context | {"api": api}, status=status)
    return tab(request, api, "console", status=status, operations=operations, **context)


@sensitive_variables()
def _send(api: Api, form: ConsoleForm) -> Trial:
    """Make the call; the subscription's key is added here and nowhere shown."""
    headers = dict(form.cleaned_data["headers"])
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
