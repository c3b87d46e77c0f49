"""Who calls: a bearer token, or a signature made with a shared access key. No session, no cookie.

Failures are counted per address and per credential (:mod:`portal.guesses`); beyond the limit they are answered with 429. A right
credential is never refused for others' failures, because clients repeat what is answered with 429.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from django.contrib.auth.models import Permission, User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from portal.activity import Through, acting_through
from portal.guesses import TooManyGuesses, counted
from portal.models import GuessKind
from rest.actions import note_use
from rest.envelope import NotAuthenticated, TooManyRequests
from rest.models import AccessToken, Credential, SharedAccess

if TYPE_CHECKING:
    from certificates.sealing import Secret

_SIGNATURE = re.compile(r"uid=(?P<uid>[^&]{1,100})&ex=(?P<ex>[^&]{1,40})&sn=(?P<sn>[A-Za-z0-9+/]{86}==)\Z", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,7})?Z\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody known, with no more rights than the role of the credential allows."""

    user: User
    role: str  # empty: all the person's rights
    through: Through  # the credential, as the activity log names it

    def may(self, permission: str) -> bool:
        """Return whether the caller has a permission (``app.codename``)."""
        if not self.user.has_perm(permission):
            return False
        app, codename = permission.split(".")
        allowed = Permission.objects.filter(group__name=self.role, content_type__app_label=app, codename=codename)
        return not self.role or allowed.exists()


def authenticate(request: HttpRequest, *, now: datetime) -> Caller:
    """Return who calls.

    :raises NotAuthenticated: if no credential, or one that is unknown, expired, revoked or of somebody who may not sign in: all alike
    :raises TooManyRequests: the same after too many failures
    """
    scheme, value = _sent(request)
    if scheme not in _WAYS:
        raise NotAuthenticated(_("Send an access token: Authorization: Bearer …"))
    credential = _WAYS[scheme](value.strip(), now)
    if credential is None:
        _refuse(request, value.strip(), now)
    through = Through(token=credential.name, identifier=credential.identifier, made_by=credential.created_by)
    with acting_through(through):
        note_use(credential, now=now)
    return Caller(credential.user, credential.role, through)


@sensitive_variables("token")
def token_in_force(request: HttpRequest, token: str, *, identifier: str, now: datetime) -> Credential:
    """Return the access token *token*, which its owner also names by its identifier.

    :raises NotAuthenticated: if there is none in force of that identifier
    :raises TooManyRequests: the same after too many failures
    """
    credential = _of_token(token, now)
    if credential is None or not hmac.compare_digest(credential.identifier.encode(), identifier.encode("utf-8", "replace")):
        _refuse(request, token, now)
    return credential


def is_known(request: HttpRequest) -> bool:
    """Return whether the request brings a credential in force; nothing is counted."""
    scheme, value = _sent(request)
    return scheme in _WAYS and _WAYS[scheme](value.strip(), timezone.now()) is not None


def _sent(request: HttpRequest) -> tuple[str, str]:
    scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower(), value


def signature(key: Secret, identifier: str, expiry: str) -> str:
    """Return the published signature over an identifier and the text of a moment: base64 of HMAC-SHA512."""
    return base64.b64encode(hmac.digest(key.value, f"{identifier}\n{expiry}".encode(), hashlib.sha512)).decode()


@sensitive_variables("token")
def _of_token(token: str, now: datetime) -> Credential | None:
    found: Credential | None = (
        AccessToken.objects.in_force(now=now).filter(digest=AccessToken.digest_of(token)).select_related("user").first()
    )
    return found


def _of_signature(text: str, now: datetime) -> Credential | None:
    match = _SIGNATURE.match(text)
    if match is None or "\0" in text or not _is_ahead(match["ex"], now):
        return None
    access: SharedAccess | None = SharedAccess.objects.in_force(now=now).filter(identifier=match["uid"]).select_related("user").first()
    if access is None:
        return None
    expected = [signature(secret, match["uid"], match["ex"]) for key in access.keys.all() if (secret := key.opened())]
    matches = [hmac.compare_digest(one, match["sn"]) for one in expected]  # a list: all are compared
    return access if any(matches) else None


_WAYS = {"bearer": _of_token, "sharedaccesssignature": _of_signature}


def _is_ahead(text: str, now: datetime) -> bool:
    if (match := _MOMENT.match(text)) is None:
        return False
    try:
        return datetime.fromisoformat(match[1]).replace(tzinfo=UTC) > now
    except ValueError:
        return False


@sensitive_variables("value")
def _refuse(request: HttpRequest, value: str, now: datetime) -> NoReturn:
    """Count the failure: of a signature at the access that it names, of a token at itself."""
    match = _SIGNATURE.match(value)
    try:
        with counted(GuessKind.TOKEN, match["uid"] if match else value, request, now=now):
            pass
    except TooManyGuesses as closed:
        message = _("Too many calls with a wrong access token. Wait %(seconds)d seconds.") % {"seconds": closed.seconds}
        raise TooManyRequests(message, seconds=closed.seconds) from None
    raise NotAuthenticated(_("The access token is unknown, has expired or was revoked."))
