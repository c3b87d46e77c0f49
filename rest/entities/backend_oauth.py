"""OAuth 2.0 client credentials of a back end: ``credentials.oauth2``, a property of this portal's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apis.credentials.endpoints import faults_of_endpoint
from apis.credentials.fields import NAMES_VALUE
from apis.credentials.keeping import has_secret
from apis.credentials.models import OAuthClient
from apis.policies.words import in_words
from apis.policy import MASKED_PASSWORD
from apis.policy.oauth import (
    AuthenticationOAuth2,
    ClientAuthentication,
    fault_of_audience,
    fault_of_client_id,
    fault_of_client_secret,
    fault_of_scope,
)
from apis.policy.references import names_in
from certificates.authorities.models import Authority
from certificates.sealing import Secret

if TYPE_CHECKING:
    from apis.backends.models import BackEnd
    from certificates.models import ClientCertificate
    from rest.bodies import Properties

_FAULTS = {"clientId": fault_of_client_id, "scope": fault_of_scope, "audience": fault_of_audience}


def shown(row: OAuthClient) -> dict[str, Any]:
    """Return what *row* says, its secret masked."""
    return {
        "tokenEndpoint": row.token_endpoint,
        "clientId": row.client_id,
        "clientAuthentication": row.client_authentication,
        **({} if row.needs_no_secret else {"clientSecret": MASKED_PASSWORD}),
        "scope": row.scope,
        "audience": row.audience,
        "trustedAuthority": row.token_authority.name if row.token_authority else "",
    }


@sensitive_variables()
def client_of(sent: Properties, row: BackEnd | None, certificate: ClientCertificate | None) -> AuthenticationOAuth2 | None:
    """Return the client that was sent; ``None`` if there is none. What is wrong is noted."""
    if not sent.values:
        return None
    _check_texts(sent)
    proof = AuthenticationOAuth2(
        token_endpoint=sent.text("tokenEndpoint"),
        client_id=sent.text("clientId"),
        scope=sent.text("scope"),
        audience=sent.text("audience"),
        authenticates_by=_way(sent),
        secret=_secret(sent),
        authority=_authority(sent),
    )
    if proof.by_certificate and certificate is None:
        sent.refuse("clientAuthentication", _("The client proves itself by a certificate; name it by certificateIds."))
    if proof.secret is None and not (row and has_secret(row, proof)) and not proof.by_certificate:
        sent.refuse("clientSecret", _("Send the client secret; *** stands for the stored one, but none is stored."))
    return proof


def _check_texts(sent: Properties) -> None:
    """Note what is wrong with the texts, each by its name."""
    for fault in faults_of_endpoint(sent.text("tokenEndpoint")):
        sent.refuse("tokenEndpoint", fault)
    for name, fault_of in _FAULTS.items():
        if fault := fault_of(sent.text(name)):
            sent.refuse(name, in_words(fault))
    for name in (*_FAULTS, "clientSecret"):
        if names_in(sent.text(name)):
            sent.refuse(name, NAMES_VALUE)


def _way(sent: Properties) -> ClientAuthentication:
    try:
        return ClientAuthentication(sent.text("clientAuthentication", ClientAuthentication.BASIC.value))
    except ValueError:
        sent.refuse("clientAuthentication", _("This is one of: %(names)s.") % {"names": ", ".join(ClientAuthentication)})
        return ClientAuthentication.BASIC


def _secret(sent: Properties) -> Secret | None:
    text = sent.text("clientSecret", "")
    if text in {"", MASKED_PASSWORD}:
        return None
    if fault := fault_of_client_secret(text):
        sent.refuse("clientSecret", in_words(fault))
    return Secret(text.encode())


def _authority(sent: Properties) -> str | None:
    if "trustedAuthority" not in sent:
        return None
    name = sent.text("trustedAuthority", "")
    if name and not Authority.objects.filter(name=name).exists():
        sent.refuse("trustedAuthority", _("There is no trusted authority %(named)s.") % {"named": name})
    return name
