"""The sign-in service's one address: an access token's identifier and the token itself, for the token as a bearer.

Nothing new is made: what comes back is what was sent, so that revoking it ends it. Source: RFC 6749, sections 2.3.1, 4.4 and 5.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from rest import envelope
from rest.authentication import token_in_force
from rest.envelope import MethodNotAllowed, NotAuthenticated, TooManyRequests
from rest.models import Credential

_MOST_SECONDS = 3600
_GRANT = "client_credentials"


@sensitive_variables("secret")
def answer(request: HttpRequest) -> HttpResponse:
    """Answer a request for a token."""
    if request.method != "POST":
        return envelope.answer(MethodNotAllowed(("POST",)))
    if request.POST.get("grant_type") != _GRANT:
        return _refused(
            400, "unsupported_grant_type", _("Only the grant client_credentials is possible here: sign in as a service principal.")
        )
    now = timezone.now()
    identifier, secret = _client(request)
    try:
        credential = token_in_force(request, secret, identifier=identifier, now=now)
    except TooManyRequests as refusal:
        return envelope.answer(refusal)
    except NotAuthenticated as refusal:
        return _refused(401, "invalid_client", refusal.message)
    seconds = _seconds(credential, now)
    content = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": secret}
    return JsonResponse(content, headers={"Pragma": "no-cache"})


@sensitive_variables("secret", "pair", "encoded")
def _client(request: HttpRequest) -> tuple[str, str]:
    """Return what identifies the client and proves it: from the body, or else from the header."""
    scheme, _space, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        identifier, _colon, secret = pair.partition(":")
        return unquote_plus(identifier), unquote_plus(secret)
    return request.POST.get("client_id", ""), request.POST.get("client_secret", "")


def _seconds(credential: Credential, now: datetime) -> int:
    """Return for how long the client may keep the token before it asks again."""
    if credential.expires_at is None:
        return _MOST_SECONDS
    return max(1, min(_MOST_SECONDS, int((credential.expires_at - now).total_seconds())))


def _refused(status: int, code: str, message: str) -> HttpResponse:
    return JsonResponse({"error": code, "error_description": message}, status=status)
