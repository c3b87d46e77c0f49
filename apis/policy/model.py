"""The policy of an API, frozen: everything the gateway needs to know about it except private keys. [pure]

One crossing makes it (``Api.policy()``); ``as_xml`` renders what the publisher reads and ``gateway.compile`` what Envoy gets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certificates.sealing import Secret

DEFAULT_KEY_HEADER = "Ocp-Apim-Subscription-Key"
DEFAULT_KEY_QUERY = "subscription-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationCertificate:
    """Present this client certificate to the back end."""

    certificate_id: str
    thumbprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationBasic:
    """Send this user name and password to the back end."""

    username: str
    password: Secret


Rule = AuthenticationCertificate | AuthenticationBasic


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How the back end's own certificate is checked. Without the chain there is no name to check either."""

    validate_chain: bool = True
    validate_name: bool = True
    trusted_ca: str = ""  # PEM; empty: the system's bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Where calls go."""

    scheme: str  # "https" or "http"
    host: str  # DNS name or IP address, without brackets
    port: int
    path: str  # "" or "/v2", never with a trailing slash
    trust: Trust


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class OperationPattern:
    """One operation as the gateway matches it."""

    method: str  # upper case, or "*" for any
    url_template: str  # "/orders/{id}", "/*"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCheck:
    """Where callers put the subscription key; the header is looked at first."""

    required: bool = True
    header: str = DEFAULT_KEY_HEADER
    query: str = DEFAULT_KEY_QUERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the gateway does for one API."""

    api_id: int  # stable; what resources are named after
    api: str  # the API's name
    path: str  # Web API URL suffix, without slashes at the ends
    backend: Backend
    key_check: KeyCheck
    operations: tuple[OperationPattern, ...]  # sorted
    inbound: tuple[Rule, ...]
