"""The one revision of an API, listed as the published service lists several."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse

from rest.call import Call
from rest.entities.operations import Operations
from rest.envelope import MethodNotAllowed

_METHODS = ("GET", "HEAD")


def answer_revisions(call: Call, api: str) -> HttpResponse:
    """Answer the list of an API's revisions.

    :raises MethodNotAllowed: if it is to be changed
    :raises NotFound: if there is no such API
    """
    if call.request.method not in _METHODS:
        raise MethodNotAllowed(_METHODS)
    call.require("apis.view_api")
    row = Operations(call, api=api).api
    if call.request.method == "HEAD":
        return HttpResponse(content_type="application/json")
    revision = {
        "apiId": f"{call.service.id_of('apis', row.name)};rev=1",
        "apiRevision": "1",
        "createdDateTime": row.created_at,
        "updatedDateTime": row.changed_at,
        "isOnline": True,
        "isCurrent": True,
    }
    return JsonResponse({"value": [revision], "count": 1, "nextLink": None})
