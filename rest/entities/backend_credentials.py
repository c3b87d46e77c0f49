"""How a gateway proves itself to a back end, in the published shape: certificates by id or thumbprint, or an Authorization header."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apis.credentials.fields import NAMES_VALUE
from apis.credentials.keeping import loaded
from apis.credentials.models import OAuthClient, SharedSecret
from apis.models import Credentials
from apis.policies.words import in_words
from apis.policy import MASKED_PASSWORD
from apis.policy.proofs import AuthenticationSharedSecret, SecretPlace, fault_of_secret, fault_of_secret_name
from apis.policy.references import names_in
from certificates.models import ClientCertificate, folded
from certificates.sealing import Secret
from rest.entities import backend_oauth as oauth

if TYPE_CHECKING:
    from apis.backends.actions import BackEndSettings
    from apis.backends.models import BackEnd
    from rest.bodies import Properties
    from rest.call import Service

_CERTIFICATES = ("certificateIds", "certificate")
_BASIC = "basic"
_SENT = "credentials"  # among what is kept of a back end: that there were some in the body, nothing of what they were
_CONTROL = frozenset(map(chr, (*range(32), 127)))


def shown_credentials(row: BackEnd, service: Service) -> dict[str, Any] | None:
    """Return what *row* is shown; a password is masked. ``None`` where it is shown nothing and no credentials were sent."""
    certificate = row.certificate
    presented = [certificate] if certificate and certificate.current else []
    found: dict[str, Any] = {
        "certificateIds": [service.id_of("certificates", one.name) for one in presented],
        "certificate": [one.current.thumbprint for one in presented if one.current],
    }
    if row.proves_itself_by == Credentials.BASIC:
        found["authorization"] = {"scheme": "Basic", "parameter": MASKED_PASSWORD}
    sent = loaded(row)
    if isinstance(sent, SharedSecret):
        found[sent.secret_place] = {sent.secret_name: [MASKED_PASSWORD]}
    if isinstance(sent, OAuthClient):
        found["oauth2"] = oauth.shown(sent)
    return found if any(found.values()) or row.remarks.get(_SENT) else None


@sensitive_variables()
def credentials_of(sent: Properties, draft: BackEndSettings, row: BackEnd | None) -> BackEndSettings:
    """Return *draft* with the credentials that were sent; none if none were. That some were is kept, be they empty."""
    others = {name: value for name, value in draft.remarks.items() if name != _SENT}
    draft = replace(draft, remarks=others | ({_SENT: True} if sent.values else {}))
    certificate, authorization = _certificate(sent), sent.nested("authorization")
    plain = replace(draft, credentials=Credentials.NONE, certificate=None, username="", password=None, proof=None)
    shared, client = _shared_secret(sent, row), oauth.client_of(sent.nested("oauth2"), row, certificate)
    if proof := shared or client:
        if authorization.values or (shared and client):
            sent.refuse("authorization", _("A back end is sent one secret: an authorization, a header, a query parameter or a token."))
        kind = Credentials.SHARED_SECRET if shared else Credentials.OAUTH2
        return replace(plain, credentials=kind, certificate=certificate, proof=proof)
    if not authorization.values:
        return replace(plain, credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate) if certificate else plain
    if certificate:
        sent.refuse("authorization", _("A back end is shown a client certificate or an authorization, not both."))
    return _basic(authorization, plain, row)


@sensitive_variables()
def _shared_secret(sent: Properties, row: BackEnd | None) -> AuthenticationSharedSecret | None:
    """Return the one header or query parameter that is sent with a secret; ``None`` if there is none."""
    given = [(place, name, value) for place in SecretPlace for name, value in sent.nested(place).values.items()]
    if not given:
        return None
    place, name, value = given[0]
    texts = value if isinstance(value, list) else [value]
    if len(given) > 1 or len(texts) != 1 or not isinstance(texts[0], str) or not texts[0]:
        sent.refuse(place, _("A back end is sent one secret here: one header or query parameter, with one value."))
        return None
    secret = None if texts[0] == MASKED_PASSWORD else Secret(texts[0].encode())
    if secret is None and not (row and isinstance(loaded(row), SharedSecret)):
        sent.refuse(place, _("*** stands for the stored secret, but none is stored."))
    if fault := fault_of_secret_name(place, name) or fault_of_secret(place, "" if secret is None else texts[0]):
        sent.refuse(place, in_words(fault))
    if names_in(name) or names_in(texts[0]):
        sent.refuse(place, NAMES_VALUE)
    return AuthenticationSharedSecret(place=place, name=name, secret=secret)


@sensitive_variables()
def _basic(authorization: Properties, plain: BackEndSettings, row: BackEnd | None) -> BackEndSettings:
    if authorization.text("scheme").lower() != _BASIC:
        authorization.refuse("scheme", _("Only Basic is possible here."))
    parameter = authorization.text("parameter")
    if parameter == MASKED_PASSWORD:
        stored = row.password if row and row.proves_itself_by == Credentials.BASIC else None
        if stored is None:
            authorization.refuse("parameter", _("*** stands for the stored password, but none is stored."))
        return replace(plain, credentials=Credentials.BASIC, username=stored.shown_username if stored else "")
    try:
        username, colon, password = base64.b64decode(parameter, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        username = colon = password = ""
    if not (username and colon and password) or _CONTROL & {*username, *password}:
        authorization.refuse("parameter", _("This must be user name, colon and password in base64 (RFC 7617)."))
    return replace(plain, credentials=Credentials.BASIC, username=username, password=Secret(password.encode()))


def _certificate(credentials: Properties) -> ClientCertificate | None:
    """Return the one certificate that the credentials name, by id or thumbprint; ``None`` if they name none."""
    found: dict[int, ClientCertificate] = {}
    entries = ClientCertificate.objects.filter(current__isnull=False)
    for name in _CERTIFICATES:
        for text in credentials.texts(name):
            wanted = (
                {"folded_name": folded(text.rpartition("/")[2])} if name == "certificateIds" else {"versions__thumbprint": text.upper()}
            )
            if entry := entries.filter(**wanted).first():
                found[entry.pk] = entry
            else:
                credentials.refuse(name, _("There is no client certificate %(named)s.") % {"named": text})
    if len(found) > 1:
        credentials.refuse(_CERTIFICATES[0], _("An API presents one client certificate; name one."))
    return next(iter(found.values()), None)
