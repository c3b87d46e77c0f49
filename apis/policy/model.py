"""The policy of an API, frozen: everything the gateway needs to know about it except private keys. [pure]

One crossing makes it (``Api.policy()``); ``as_xml`` renders what the publisher reads and ``gateway.compile`` what Envoy gets.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from apis.policy.elements import Element
from apis.policy.proofs import PROOFS, Proof
from apis.policy.statements import Statement

if TYPE_CHECKING:
    from certificates.sealing import Secret

DEFAULT_KEY_HEADER = "Ocp-Apim-Subscription-Key"
DEFAULT_KEY_QUERY = "subscription-key"
SECTIONS = ("inbound", "backend", "outbound", "on-error")
Sections = Mapping[str, tuple[Element, ...]]  # the statements of a document as they are written, by section
CONNECT_SECONDS = 5  # how long a back end may take to be connected to, handshake included, where an API says nothing


class Protocol(enum.StrEnum):
    """Which HTTP a back end is spoken to."""

    AUTO = "auto"  # what ALPN chooses, HTTP/1.1 without TLS
    HTTP1 = "http1"
    HTTP2 = "http2"  # without TLS by prior knowledge (h2c)


class Preflights(enum.StrEnum):
    """Who answers the question that browsers send ahead of a call from another site (CORS, Fetch standard)."""

    REFUSED = "none"  # nobody: like any call without a key
    BACK_END = "back-end"  # the back end; the question needs no key
    GATEWAY = "gateway"  # the gateway, by the API's ``cors`` rule


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """Tell browsers which sites may call (Fetch standard, CORS protocol). ``*`` stands for any."""

    origins: tuple[str, ...]  # "https://shop.example.com"
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age_seconds: int | None = None  # how long a browser may remember the answer
    credentials: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardRequest:
    """Wait this long while nothing moves."""

    timeout_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentity:
    """A caller's certificate, by what it says; of what is empty, nothing is asked. The published product's ``identity``."""

    thumbprint: str = ""  # 40 (SHA-1) or 64 (SHA-256) upper-case hex digits
    name: str = ""  # one of its alternative names: a host name or a URI
    issuer_thumbprint: str = ""  # SHA-1, of an authority that its path leads to


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateClientCertificate:
    """Ask callers for a certificate and pass on what it says; refuse calls without one of these, where it is required."""

    required: bool = True
    trusted: bool = True  # its path must lead to one of the API's authorities for callers
    identities: tuple[CallerIdentity, ...] = ()  # one of them; none: any


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBackendService:
    """Call another back end than the API's own address: an entry by its id, or a URL. The published product's ``set-backend-service``."""

    backend_id: str = ""
    base_url: str = ""


Rule = AuthenticationCertificate | AuthenticationBasic | Proof | Cors | ForwardRequest | SetBackendService | ValidateClientCertificate


CREDENTIALS = (AuthenticationCertificate, AuthenticationBasic, *PROOFS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How the back end's own certificate is checked. Without the chain there is no name to check either."""

    validate_chain: bool = True
    validate_name: bool = True
    trusted_ca: str = ""  # PEM; empty: the system's bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One of several addresses that calls are shared among. Those of the lowest priority number serve as long as enough of them do."""

    host: str  # DNS name or IP address, without brackets
    port: int
    weight: int = 1
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """Ask each address for *path* every so many seconds; what does not answer 2xx or 3xx gets no calls."""

    path: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ejection:
    """Give an address no calls for a while once so many in a row have failed: no answer, or 5xx."""

    failures: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a back end is given at once by each gateway; ``None``: as much as the gateway itself bears."""

    connections: int | None = None
    waiting: int | None = None  # calls that wait for a connection
    calls: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How calls are shared among the addresses of a back end, and when one is left out."""

    addresses: tuple[Address, ...]  # at least one
    health: HealthCheck | None = None
    ejection: Ejection | None = None
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Where calls go."""

    scheme: str  # "https" or "http"
    host: str  # DNS name or IP address, without brackets
    port: int
    path: str  # "" or "/v2", never with a trailing slash
    trust: Trust
    protocol: Protocol = Protocol.AUTO
    asks_later: bool = False  # it asks for the client certificate after the handshake: renegotiation, so TLS 1.2 and HTTP/1.1
    older_servers: bool = False  # speak what only old servers need
    connect_seconds: int = CONNECT_SECONDS
    offers_http2: bool = False  # as far as was seen; an automatic protocol's retries go by it
    sharing: Sharing | None = None  # of a back end that is an entry; ``None``: the one address above, and nothing more

    @property
    def addresses(self) -> tuple[Address, ...]:
        """All that it is called at; the first is the one above."""
        return self.sharing.addresses if self.sharing else (Address(host=self.host, port=self.port),)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of its addresses, each once."""
        return tuple(dict.fromkeys(address.host for address in self.addresses))

    @property
    def speaks_http2(self) -> bool:
        """Whether calls go by HTTP/2, as far as is known."""
        return self.http is Protocol.HTTP2 or (self.http is Protocol.AUTO and self.offers_http2)

    @property
    def http(self) -> Protocol:
        """What is spoken in the end: HTTP/2 knows no renegotiation (RFC 9113, 9.2.1), and without TLS nothing is negotiated."""
        if self.asks_later or (self.protocol is Protocol.AUTO and self.scheme != "https"):
            return Protocol.HTTP1
        return self.protocol


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
class Forwarding:
    """How a call goes on to the back end."""

    idle_seconds: int | None = None  # how long nothing may move; ``None``: as long as the gateway lets it
    longest_seconds: int | None = None  # how long a whole call may last; ``None``: as long as something moves
    retry: bool = True  # try again, once, what may safely be sent twice and broke before it was answered
    rewrite_redirects: bool = True  # a Location or cookie of the back end's leads back to the API
    preflights: Preflights = Preflights.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is noted of the API's calls beyond what is counted of all."""

    by_subscription: bool = False  # counted by the key that was shown
    logged: bool = False  # a line for each call, where the gateway has a place for it
    traced_percent: int | None = None  # so many of those whose caller has not decided; ``None``: none at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """The statements that hold for calls, those of all scopes together, in the order in which they act."""

    inbound: tuple[Statement, ...] = ()
    outbound: tuple[Statement, ...] = ()
    idle_seconds: int | None = None  # how long nothing may move, where an operation's own document says it


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
    hosts: tuple[str, ...] = ()  # under which it may be called; none: under any
    caller_authorities: str = ""  # PEM; what callers' certificates must lead to, where they must
    forwarding: Forwarding = Forwarding()
    watched: Watched = Watched()
    effective: Effective = Effective()  # for operations without a document of their own
    of_operations: tuple[tuple[str, Effective], ...] = ()  # by name; those that have one
    written: Sections = field(default_factory=dict, compare=False)  # what :attr:`effective` is the meaning of
    named_values: frozenset[str] = frozenset()  # that it depends on

    @property
    def says_more(self) -> bool:
        """Whether it holds statements that APIs have no settings for."""
        return bool(self.of_operations) or self.effective != Effective()

    def effective_of(self, operation: str) -> Effective:
        """Return the statements for calls of an *operation*."""
        return dict(self.of_operations).get(operation, self.effective)

    def presenting(self, certificate: str, thumbprint: str) -> Policy:
        """Return the same policy with another version of the certificate that the back end is shown.

        :param certificate: the entry's name
        :param thumbprint: the version's
        """
        shown = AuthenticationCertificate(certificate_id=certificate, thumbprint=thumbprint)
        inbound = tuple(shown if isinstance(rule, AuthenticationCertificate) else rule for rule in self.inbound)
        return replace(self, inbound=inbound)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What its document says: the inbound rules that are its own, and how long to wait where that is the API's own."""
        idle = self.forwarding.idle_seconds
        inbound = tuple(rule for rule in self.inbound if not (self.uses_entry and isinstance(rule, CREDENTIALS)))
        return inbound if idle is None else (*inbound, ForwardRequest(timeout_seconds=idle))

    @property
    def uses_entry(self) -> bool:
        """Whether its back end is an entry: the credentials are the entry's then, and no document of the API names them."""
        return any(isinstance(rule, SetBackendService) and rule.backend_id for rule in self.inbound)

    @property
    def presents_certificate(self) -> bool:
        """Whether the back end is shown a client certificate."""
        return any(isinstance(rule, AuthenticationCertificate) for rule in self.inbound)

    @property
    def caller_certificate(self) -> ValidateClientCertificate | None:
        """The rule about callers' certificates, if there is one."""
        return next((rule for rule in self.inbound if isinstance(rule, ValidateClientCertificate)), None)

    @property
    def cors(self) -> Cors | None:
        """The rule by which the gateway answers browsers, if there is one."""
        return next((rule for rule in self.inbound if isinstance(rule, Cors)), None)
