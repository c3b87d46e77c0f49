"""What the resource manager lists around the service: a subscription, a resource group, a tenant. Any other id will do in addresses."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse

from rest.call import Call
from rest.collection import NO_CONTENT
from rest.envelope import MethodNotAllowed
from rest.manager.metadata import TENANT

_READS = ("GET", "HEAD")
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUP = "default"
_LOCATION = "local"
_KINDS = (
    "service",
    "service/apis",
    "service/apis/operations",
    "service/apis/operations/policies",
    "service/apis/policies",
    "service/certificates",
    "service/subscriptions",
    "service/backends",
    "service/namedValues",
    "service/policies",
)


def answer_subscriptions(call: Call) -> HttpResponse:
    """Answer the list of subscriptions."""
    return _answer(call, {"value": [_subscription(SUBSCRIPTION)], "nextLink": None})


def answer_subscription(call: Call, subscription: str) -> HttpResponse:
    """Answer one subscription, whatever it is called."""
    return _answer(call, _subscription(subscription))


def answer_tenants(call: Call) -> HttpResponse:
    """Answer the list of tenants."""
    return _answer(call, {"value": [{"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": settings.PORTAL_SERVICE_NAME}]})


def answer_groups(call: Call, subscription: str) -> HttpResponse:
    """Answer the list of resource groups."""
    return _answer(call, {"value": [_group(subscription, GROUP)], "nextLink": None})


def answer_group(call: Call, subscription: str, group: str) -> HttpResponse:
    """Answer one resource group, whatever it is called; who asks by HEAD whether it is there takes no answer but 204 for yes."""
    answer = _answer(call, _group(subscription, group))
    return HttpResponse(status=NO_CONTENT) if call.request.method == "HEAD" else answer


def answer_provider(call: Call, subscription: str) -> HttpResponse:
    """Answer that what clients would register first is registered."""
    kinds = [{"resourceType": kind, "locations": [_LOCATION], "apiVersions": ["2024-05-01", "2022-08-01"]} for kind in _KINDS]
    name = "Microsoft.ApiManagement"
    identity = {"id": f"/subscriptions/{subscription}/providers/{name}", "namespace": name}
    return _answer(call, {**identity, "registrationState": "Registered", "resourceTypes": kinds})


def answer_deleted_services(call: Call, subscription: str) -> HttpResponse:  # noqa: ARG001 - whatever it is called
    """Answer that no service was deleted, from which one could be brought back."""
    return _answer(call, {"value": [], "nextLink": None})


def _subscription(subscription: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription}",
        "subscriptionId": subscription,
        "tenantId": TENANT,
        "displayName": settings.PORTAL_SERVICE_NAME,
        "state": "Enabled",
        "subscriptionPolicies": {},
        "authorizationSource": "RoleBased",
    }


def _group(subscription: str, group: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{group}",
        "name": group,
        "type": "Microsoft.Resources/resourceGroups",
        "location": _LOCATION,
        "properties": {"provisioningState": "Succeeded"},
    }


def _answer(call: Call, content: dict[str, Any]) -> HttpResponse:
    if call.request.method not in _READS:
        raise MethodNotAllowed(_READS)
    call.require("apis.view_api")
    return HttpResponse(content_type="application/json") if call.request.method == "HEAD" else JsonResponse(content)
