"""What an API's policy document says of how the gateway proves itself, in terms of the API's security."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from apis.actions.apis import ApiSecurity
from apis.backends.models import BackEnd
from apis.credentials.endpoints import faults_of_endpoint
from apis.credentials.keeping import by_certificate, has_secret
from apis.models import Api, Credentials, beside
from apis.named_values.settings import Unusable, basic_of
from apis.policy import MASKED_PASSWORD
from apis.policy.model import AuthenticationBasic, AuthenticationCertificate, Rule
from apis.policy.oauth import AuthenticationOAuth2
from apis.policy.proofs import AuthenticationSharedSecret, Proof
from certificates.models import ClientCertificate
from certificates.sealing import Secret

ELEMENTS: dict[type[Rule], str] = {
    AuthenticationCertificate: "authentication-certificate",
    AuthenticationBasic: "authentication-basic",
    AuthenticationSharedSecret: "authentication-shared-secret",
    AuthenticationOAuth2: "authentication-oauth2",
}
_CREDENTIALS = {AuthenticationSharedSecret: Credentials.SHARED_SECRET, AuthenticationOAuth2: Credentials.OAUTH2}


class Unsuitable(Exception):
    """A document is well written and asks for what this API cannot have.

    :ivar element: the element at fault
    :ivar faults: sentences
    """

    def __init__(self, element: str, *faults: str) -> None:
        """Hold what is wrong."""
        super().__init__(" ".join(faults))
        self.element = element
        self.faults = faults


def security_of(rules: tuple[Rule, ...], api: Api, holder: Api | BackEnd) -> ApiSecurity:
    """Return the security that *rules* say; how the back end is checked stays.

    :param holder: whose secrets masks stand for
    :raises Unsuitable: naming the element at fault
    """
    chosen: dict[str, Any] = {"credentials": Credentials.NONE}
    for rule in rules:
        match rule:
            case AuthenticationCertificate():
                chosen |= {"credentials": beside(chosen["credentials"]), "certificate": _entry(rule)}
            case AuthenticationBasic():
                chosen = _basic(rule, holder)
            case AuthenticationSharedSecret() | AuthenticationOAuth2():
                chosen |= _proof(rule, holder)
    if by_certificate(chosen.get("proof")) and chosen.get("certificate") is None:
        raise Unsuitable(
            ELEMENTS[AuthenticationOAuth2], _("The client proves itself by a certificate; name it by authentication-certificate.")
        )
    return _with_trust_of(api, **chosen)


def _with_trust_of(api: Api, **changes: Any) -> ApiSecurity:
    return ApiSecurity(
        validate_certificate_chain=api.validate_certificate_chain,
        validate_certificate_name=api.validate_certificate_name,
        trusted_ca=api.trusted_ca,
        **changes,
    )


def _entry(rule: AuthenticationCertificate) -> ClientCertificate:
    """Return the entry that a rule names. A thumbprint may be that of an earlier version: the entry is what is bound.

    :raises Unsuitable: if there is none, or id and thumbprint name different ones
    """
    entries = ClientCertificate.objects.filter(current__isnull=False)
    if rule.certificate_id:
        entries = entries.named(rule.certificate_id)
    if rule.thumbprint:
        entries = entries.filter(versions__thumbprint=rule.thumbprint)
    if entry := entries.first():
        return entry
    named = " ".join(one for one in (rule.certificate_id, rule.thumbprint) if one)
    raise Unsuitable("authentication-certificate", _("There is no client certificate %(named)s.") % {"named": named})


def _basic(rule: AuthenticationBasic, holder: Api | BackEnd) -> dict[str, Any]:
    """Return what the security is for a user name and password; the mask of a password means the one that is stored.

    :raises Unsuitable: if they cannot be sent as HTTP basic (RFC 7617), or none is stored
    """
    keep = rule.password.value.decode() == MASKED_PASSWORD
    faults = list(_faults_of(rule.username, None if keep else rule.password))
    if keep and holder.credentials != Credentials.BASIC:
        faults.append(_("The password *** stands for the stored one, but none is stored."))
    if faults:
        raise Unsuitable("authentication-basic", *faults)
    return {"credentials": Credentials.BASIC, "username": rule.username, "password": None if keep else rule.password, "literal": True}


def _faults_of(username: str, password: Secret | None) -> Iterator[str]:
    try:
        basic_of(username, password, literal=True)
    except Unusable as refusal:
        yield from dict.fromkeys(sentence for _field, sentence in refusal.faults)


def _proof(rule: Proof, holder: Api | BackEnd) -> dict[str, Any]:
    """Return what the security is where *rule* is sent; the mask of a secret means the one that is stored.

    :raises Unsuitable: if none is stored, or the token endpoint may not be called
    """
    if isinstance(rule, AuthenticationOAuth2) and (faults := faults_of_endpoint(rule.token_endpoint)):
        raise Unsuitable(ELEMENTS[type(rule)], *map(str, faults))
    if rule.secret is None and not has_secret(holder, rule):
        raise Unsuitable(ELEMENTS[type(rule)], _("The secret *** stands for the stored one, but none is stored."))
    return {"credentials": _CREDENTIALS[type(rule)], "proof": rule}
