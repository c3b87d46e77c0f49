"""Where a gateway gets the tokens that an API's calls carry: told to the agent beside Envoy, which fetches them (RFC 6749, 4.4). [pure]

Told as a secret among the others, so that it goes over the same channel, is kept sealed as they are and acknowledged with its cluster. The
agent passes it on to nobody; Envoy asks for the token alone, under a name of its own.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret as SecretMessage

from apis.policy.oauth import AuthenticationOAuth2
from certificates.identity import Identity
from gateway.compile.backends.injecting import injector, secret_of
from gateway.compile.names import token_name, token_source_name
from gateway.compile.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSource:
    """Where a token is fetched and who asks for it. Equal ones share a token.

    :ivar identity: certificate chain and private key, PEM, where the client proves itself by them (RFC 8705, 2); else empty
    :ivar trusted_ca: PEM; empty: the system's authorities
    :ivar allowed: networks whose loopback addresses may be called
    """

    endpoint: str
    client_id: str
    authenticates_by: str
    scope: str = ""
    audience: str = ""
    trusted_ca: str = ""
    allowed: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)

    @property
    def who(self) -> tuple[str, ...]:
        """Whose token it is, whatever proves it."""
        return (self.endpoint, self.client_id, self.scope, self.audience)

    @classmethod
    def of(cls, resource: Resource) -> TokenSource:
        """Return what the resource of :func:`token_source` says.

        :raises ValueError: if it is none
        """
        said: dict[str, Any] = json.loads(SecretMessage.FromString(resource.body).generic_secret.secret.inline_bytes)
        try:
            return cls(**said | {"allowed": tuple(said["allowed"])})
        except (KeyError, TypeError) as error:
            raise ValueError("This is no source of tokens.") from error


def token_source(api_id: int, rule: AuthenticationOAuth2, identity: Identity | None) -> Resource:
    """Return where the API's tokens come from.

    :param identity: what the API presents; shown to the token endpoint, too, where the client proves itself by it
    """
    by_certificate = identity if rule.by_certificate else None
    source = TokenSource(
        endpoint=rule.token_endpoint,
        client_id=rule.client_id,
        authenticates_by=rule.authenticates_by.value,
        scope=rule.scope,
        audience=rule.audience,
        trusted_ca=rule.trusted_ca,
        allowed=rule.allowed,
        secret=rule.secret.value.decode() if rule.secret else "",
        identity=(by_certificate.certificate_chain_pem + by_certificate.private_key_pem.value).decode() if by_certificate else "",
    )
    return secret_of(token_source_name(api_id), json.dumps(asdict(source), sort_keys=True).encode())


def token(api_id: int, value: str) -> Resource:
    """Return the secret that Envoy puts into calls (RFC 6750, 2.1); an empty *value*: there is none, and calls are refused."""
    return secret_of(token_name(api_id), f"Bearer {value}".encode() if value else b"")


def token_filter(api_id: int) -> HttpFilter:
    """Return the filter that puts the token into each call."""
    return injector(token_name(api_id), "Authorization")
