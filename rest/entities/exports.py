"""An API as a definition: ``GET apis/{id}?export=true&format=…``. A ``…-link`` is a URL that is good for five minutes."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from apis.exchange.exporting import FORMATS, exported
from apis.models import Api
from apis.views.common import gateway_address
from rest import envelope
from rest.call import Call
from rest.envelope import Fault, Invalid, MethodNotAllowed, NotFound

_SECONDS = 300
_SALT = "rest.exports"
_INLINE = {"openapi": "openapi", "openapi+json": "openapi+json", "swagger-json": "swagger", "swagger": "swagger"}
_LINKS = {
    "openapi-link": "openapi",
    "openapi+json-link": "openapi+json",
    "swagger-link": "swagger",
    "swagger-link-json": "swagger",
}
_SHOWN = {"swagger-link": "swagger-link-json", "swagger": "swagger-json"}  # what the published answer calls them


def answer(call: Call, api: Api, identifier: str) -> HttpResponse:
    """Answer the definition of *api*, or where it is.

    :raises Invalid: if the format is none that there is
    """
    form = call.request.GET.get("format", "").lower().replace(" ", "+")  # a plus sign in a query may stand for a blank
    if form not in {*_INLINE, *_LINKS}:
        words = {"format": form or "—", "known": ", ".join((*_LINKS, *_INLINE))}
        raise Invalid(Fault("format", _("APIs are not exported in the format %(format)s, but in these: %(known)s.") % words))
    value: Any = {"link": _link(call.request, api, _LINKS[form])} if form in _LINKS else _text(call.request, api, _INLINE[form])
    shown = {"format": _SHOWN.get(form, form), "value": value}
    return JsonResponse({"id": identifier, **shown, "properties": shown})  # clients of some versions look here, others there


def download(request: HttpRequest, token: str) -> HttpResponse:
    """Answer the document that a link of :func:`answer` leads to. Whoever has the link may have it, as there."""
    if request.method not in {"GET", "HEAD"}:
        return envelope.answer(MethodNotAllowed(("GET", "HEAD")))
    try:
        key, kind = signing.loads(token, salt=_SALT, max_age=_SECONDS)
        api = Api.objects.get(pk=key)
    except (signing.BadSignature, Api.DoesNotExist):
        return envelope.answer(NotFound(_("This link leads nowhere any more. Export the API again.")))
    return HttpResponse(_text(request, api, kind), content_type=FORMATS[kind].content_type)


def _text(request: HttpRequest, api: Api, kind: str) -> str:
    return exported(api, kind, gateway_address(request, api) + api.gateway_path)


def _link(request: HttpRequest, api: Api, kind: str) -> str:
    token = signing.dumps([api.pk, kind], salt=_SALT)
    return request.build_absolute_uri(f"/management/exports/{token}")
