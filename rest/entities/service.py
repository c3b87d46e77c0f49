"""The service itself, which some clients read before anything in it: that it is there, and where its gateway is called.

What else the published entity holds (a price tier, a region, a publisher) does not exist here and is left out.
"""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse

from apis.views.common import gateway_address
from rest.call import TYPE, Call
from rest.envelope import MethodNotAllowed

METHODS = ("GET", "HEAD")


def answer_service(call: Call) -> HttpResponse:
    """Answer a call of the service's own address.

    :raises MethodNotAllowed: if it would change something: settings of the portal decide over the service
    """
    if call.request.method not in METHODS:
        raise MethodNotAllowed(METHODS)
    call.require("apis.view_api")
    if call.request.method == "HEAD":
        return HttpResponse(content_type="application/json")
    properties = {"provisioningState": "Succeeded", "gatewayUrl": gateway_address(call.request)}
    prefix = call.service.prefix
    return JsonResponse({"id": prefix, "type": TYPE, "name": prefix.rpartition("/")[2], "properties": properties})
