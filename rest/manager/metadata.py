"""Where everything is: the metadata that ``az cloud register`` and ``Add-AzEnvironment`` read, and the sign-in service's own.

Sources: the published metadata of the resource manager, in the forms of 2015-01-01 and 2022-09-01 at once; OpenID Connect Discovery 1.0.
The clients take a sign-in service of another maker only where its path is ``/adfs``.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from rest import envelope
from rest.envelope import MethodNotAllowed

_READS = ("GET", "HEAD")
SIGN_IN = "/adfs"
TENANT = "adfs"


def endpoints(request: HttpRequest) -> HttpResponse:
    """Answer where everything is, to anybody: it holds nothing but this portal's addresses."""
    here = request.build_absolute_uri("/").rstrip("/")
    manager = f"{here}/management"
    authentication = {
        "loginEndpoint": f"{here}{SIGN_IN}",
        "audiences": [manager],
        "tenant": TENANT,
        "identityProvider": "ADFS",
    }
    return _answer(
        request,
        {
            "name": settings.PORTAL_SERVICE_NAME,
            "portal": here,
            "portalEndpoint": here,
            "resourceManager": manager,
            "galleryEndpoint": here,
            "gallery": here,
            "graphEndpoint": here,
            "graph": here,
            "graphAudience": here,
            "microsoftGraphResourceId": here,
            "authentication": authentication,
            "suffixes": {},
        },
    )


def openid_configuration(request: HttpRequest) -> HttpResponse:
    """Answer where tokens are, to anybody."""
    sign_in = request.build_absolute_uri(SIGN_IN)
    return _answer(
        request,
        {
            "issuer": sign_in,
            "authorization_endpoint": f"{sign_in}/oauth2/authorize",
            "token_endpoint": f"{sign_in}/oauth2/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": ["token"],
        },
    )


def _answer(request: HttpRequest, content: dict[str, Any]) -> HttpResponse:
    if request.method not in _READS:
        return envelope.answer(MethodNotAllowed(_READS))
    return JsonResponse(content)
