"""OAuth 2.0 client credentials (RFC 6749, 4.4): what an API's calls carry is a token that the gateway fetches for itself. [pure]"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apis.policy.sentences import Sentence
from certificates.sealing import Secret
from portal.characters import first_deceiving

if TYPE_CHECKING:
    from apis.policy.elements import Element

ELEMENT = "authentication-oauth2"
LONGEST_ENDPOINT, LONGEST_TEXT = 2000, 1000
_ENDPOINT = re.compile(r"https://[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+\Z", re.IGNORECASE)  # RFC 3986, 2, without the fragment
_CLIENT_ID = re.compile(r"[\x20-\x7e]+\Z")  # RFC 6749, appendix A.1
_SCOPE = re.compile(r"[!#-\[\]-~]+( [!#-\[\]-~]+)*\Z")  # RFC 6749, 3.3
_SECRET = re.compile(r"[\x20-\x7e]+\Z")  # RFC 6749, appendix A.2
_NAMES = ("token-endpoint", "client-id", "scope", "audience", "client-authentication", "client-secret")


class ClientAuthentication(enum.StrEnum):
    """How the gateway proves itself at the token endpoint."""

    BASIC = "basic"  # client_secret_basic (RFC 6749, 2.3.1)
    BODY = "body"  # client_secret_post
    CERTIFICATE = "certificate"  # tls_client_auth, self_signed_tls_client_auth (RFC 8705, 2): the API's own client certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationOAuth2:
    """Fetch a token there, and send it to the back end as ``Authorization: Bearer`` (RFC 6750), over whatever the caller has sent.

    :ivar authority: the entry that the token endpoint's certificate must lead to; empty: one of the system's; ``None``: as it is
    :ivar trusted_ca: what that entry holds
    :ivar allowed: networks whose loopback addresses may be called
    """

    token_endpoint: str
    client_id: str
    scope: str = ""
    audience: str = ""
    authenticates_by: ClientAuthentication = ClientAuthentication.BASIC
    secret: Secret | None = None  # None: the one that is stored; with a certificate there is none
    authority: str | None = None
    trusted_ca: str = field(default="", compare=False)
    allowed: tuple[str, ...] = field(default=(), compare=False)

    @property
    def by_certificate(self) -> bool:
        """Whether the client proves itself by the API's client certificate, and has no secret."""
        return self.authenticates_by is ClientAuthentication.CERTIFICATE


def fault_of_endpoint(url: str) -> str:
    """Return why nothing can be asked at *url*, in a sentence; empty: something can, as far as its characters go."""
    if not url.lower().startswith("https://"):
        return Sentence("A token endpoint begins with https://: what is sent there is secret.")
    if "#" in url:
        return Sentence("A token endpoint holds no fragment (from the # on).")
    usual = len(url) <= LONGEST_ENDPOINT and _ENDPOINT.match(url)
    return "" if usual else Sentence("A token endpoint has at most 2000 characters, those of URLs: encode others with %, a host in ASCII.")


def fault_of_scope(scope: str) -> str:
    """Return why *scope* is none, in a sentence; empty: it is one."""
    if len(scope) > LONGEST_TEXT:
        return Sentence("A scope has at most 1000 characters.")
    if scope and not _SCOPE.match(scope):
        return Sentence("Scopes stand beside each other with one blank between; quotes and accents are no part of them.")
    return ""


def fault_of_audience(text: str) -> str:
    """Return why *text* is no audience, in a sentence; empty: it is one."""
    return (
        Sentence("An audience has at most 1000 characters, all of them seen.") if len(text) > LONGEST_TEXT or first_deceiving(text) else ""
    )


def fault_of_client_id(text: str) -> str:
    """Return why *text* is no client id, in a sentence; empty: it is one."""
    return (
        "" if _CLIENT_ID.match(text) and len(text) <= LONGEST_TEXT else Sentence("A client id has 1 to 1000 printable characters of ASCII.")
    )


def fault_of_client_secret(text: str) -> str:
    """Return why *text* is no client secret, in a sentence; empty: it is one."""
    return (
        ""
        if _SECRET.match(text) and len(text) <= LONGEST_TEXT
        else Sentence("A client secret has 1 to 1000 printable characters of ASCII.")
    )


def read_oauth2(element: Element, mask: str) -> AuthenticationOAuth2:
    """Return the rule that ``<authentication-oauth2>`` is.

    :param mask: what stands for a secret that stays
    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    element.refuse_content()
    element.refuse_attributes(*_NAMES)
    endpoint, client_id = element.needed("token-endpoint"), element.needed("client-id")
    scope, audience = (element.attributes.get(name, "").strip() for name in ("scope", "audience"))
    way, secret = _way(element), element.attributes.get("client-secret", "")
    by_certificate = way is ClientAuthentication.CERTIFICATE
    if by_certificate and secret:
        element.refuse(Sentence("With client-authentication certificate there is no client-secret; leave it out."))
    if not by_certificate and not secret:
        element.refuse(Sentence("The attribute client-secret is missing."))
    if fault := fault_of_endpoint(endpoint) or fault_of_client_id(client_id) or fault_of_scope(scope) or fault_of_audience(audience):
        element.refuse(fault)
    if secret not in {"", mask} and (fault := fault_of_client_secret(secret)):
        element.refuse(fault)
    kept = Secret(secret.encode()) if secret not in {"", mask} else None
    return AuthenticationOAuth2(
        token_endpoint=endpoint, client_id=client_id, scope=scope, audience=audience, authenticates_by=way, secret=kept
    )


def oauth2_attributes(rule: AuthenticationOAuth2, shown: str) -> dict[str, str]:
    """Return the attributes of the element that *rule* is; *shown* stands for its secret."""
    values = {"token-endpoint": rule.token_endpoint, "client-id": rule.client_id, "scope": rule.scope, "audience": rule.audience}
    secret = {} if rule.by_certificate else {"client-secret": shown}
    return {name: value for name, value in values.items() if value} | {"client-authentication": rule.authenticates_by.value} | secret


def _way(element: Element) -> ClientAuthentication:
    try:
        return ClientAuthentication(element.attributes.get("client-authentication", ClientAuthentication.BASIC))
    except ValueError:
        element.refuse(Sentence("client-authentication is %(names)s.", names=", ".join(ClientAuthentication)))
