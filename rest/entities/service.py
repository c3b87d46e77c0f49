"""The service itself, which some clients read before anything in it: that it is there, who runs it, and where its gateway is called.

What the published entity must hold and does not exist here has a value that clients take: one price tier, of one unit, in one place.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse

from apis.views.common import gateway_address
from rest.call import TYPE, Call
from rest.envelope import MethodNotAllowed

METHODS = ("GET", "HEAD")
_GROUP = "/resourceGroups/default"  # what a list names where no group was asked for; any other will do as well


def answer_service(call: Call) -> HttpResponse:
    """Answer a call of the service's own address.

    :raises MethodNotAllowed: if it would change something: settings of the portal decide over the service
    """
    return _answer(call, _entity(call, call.service.prefix))


def answer_services(call: Call, below: str) -> HttpResponse:
    """Answer the list of services: this one.

    :param below: the subscription, perhaps with a resource group, as the address names it
    :raises MethodNotAllowed: if one is to be made
    """
    group = "" if "/resourcegroups/" in below.lower() else _GROUP
    prefix = f"/{below}{group}/providers/{TYPE}/{settings.PORTAL_SERVICE_NAME}"
    return _answer(call, {"value": [_entity(call, prefix)], "nextLink": None})


def _answer(call: Call, content: dict[str, Any]) -> HttpResponse:
    if call.request.method not in METHODS:
        raise MethodNotAllowed(METHODS)
    call.require("apis.view_api")
    return HttpResponse(content_type="application/json") if call.request.method == "HEAD" else JsonResponse(content)


def _entity(call: Call, prefix: str) -> dict[str, Any]:
    request, gateway = call.request, gateway_address(call.request)
    properties = {
        "provisioningState": "Succeeded",
        "targetProvisioningState": "",
        "publisherName": settings.PORTAL_SERVICE_NAME,
        "publisherEmail": settings.DEFAULT_FROM_EMAIL,
        "notificationSenderEmail": settings.DEFAULT_FROM_EMAIL,
        "gatewayUrl": gateway,
        "portalUrl": request.build_absolute_uri("/"),
        "managementApiUrl": request.build_absolute_uri("/management"),
        "hostnameConfigurations": [],
        "publicIPAddresses": [],
        "customProperties": {},
        "virtualNetworkType": "None",
        "disableGateway": False,
    }
    identity = {"id": prefix, "name": prefix.rpartition("/")[2], "type": TYPE, "tags": {}, "location": "local", "etag": "1"}
    return {**identity, "sku": {"name": "Developer", "capacity": 1}, "properties": properties}
