"""What a look has shown, and how that travels from a gateway. [pure]"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """How far a handshake came that did not succeed."""

    NAME = "name"  # no address was found, or none that may be called
    CONNECT = "connect"
    HANDSHAKE = "handshake"
    REQUEST = "request"  # it succeeded, and the request had no answer
    AFTER = "after"  # it succeeded, and then the server broke off: TLS 1.3 refuses a client's certificate only then


class End(StrEnum):
    """What it ended by."""

    NO_SUCH_NAME = "no-such-name"
    NO_NAME_SERVER = "no-name-server"
    FORBIDDEN = "forbidden"  # its addresses are none that an API may call
    REFUSED = "refused"  # nothing listens
    UNROUTABLE = "unroutable"
    SILENCE = "silence"  # nothing came in time
    CLOSED = "closed"
    RESET = "reset"
    ALERT = "alert"  # the server's
    OUR_LIBRARY = "our-library"  # what came was objected to here
    UNLOADABLE = "unloadable"  # the certificate or its key
    NOT_HTTP = "not-http"


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong with a server's chain.

    :ivar code: OpenSSL's (x509_vfy.h)
    :ivar depth: of which certificate; 0: the server's own
    """

    code: int
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """What a gateway says of one address of an API's back end.

    :ivar name: what the address is known by; empty: by itself
    :ivar unwell: whether it does not answer as it should when it is asked how it is
    :ivar ejected: whether it gets no calls for a while, because too many failed
    """

    name: str = ""
    address: str = ""
    port: int = 0
    unwell: bool = False
    ejected: bool = False
    calls: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a handshake has shown. What says "closely" is only known after a closer look.

    :ivar stage: how far it came, ``None`` if it succeeded
    :ivar error: why it did not, in the words of the library; empty if it did
    :ivar end: the same as a word; ``None`` where an agent is older than that word
    :ivar alert: the number of the alert that the server has sent (RFC 8446, 6.2)
    :ivar address: that was connected to
    :ivar addresses: all of the name
    :ivar protocol: for instance ``TLSv1.3``
    :ivar application_protocol: what the server chose by ALPN; empty: nothing
    :ivar asked_for_certificate: whether the server asked for a client's certificate in the handshake, or asked again where it may
    :ivar asks_later: whether it asked after the handshake (closely)
    :ivar issuers: which it accepts of, as it names them; empty: it names none
    :ivar issuer_names: the same names, DER
    :ivar chain: the server's certificates, DER, its own first
    :ivar judged: whether its chain was judged (closely)
    :ivar objections: what is wrong with it
    :ivar anchor: the trusted certificate that it leads to, DER; empty: to none
    :ivar status: of the answer to the request; ``None``: none was made, or there was no answer
    :ivar page: the beginning of what an answer of 400 and above says (closely)
    :ivar hosts: what the gateway says of the addresses of the clusters it was asked about
    :ivar milliseconds: altogether
    :ivar took: of each step that came to its end, by its stage: milliseconds
    """

    stage: Stage | None = None
    error: str = ""
    end: End | None = None
    alert: int | None = None
    address: str = ""
    addresses: tuple[str, ...] = ()
    protocol: str = ""
    cipher: str = ""
    application_protocol: str = ""
    asked_for_certificate: bool = False
    asks_later: bool = False
    issuers: tuple[str, ...] = ()
    issuer_names: tuple[bytes, ...] = ()
    chain: tuple[bytes, ...] = ()
    judged: bool = False
    objections: tuple[Objection, ...] = ()
    anchor: bytes = b""
    milliseconds: int = 0
    took: dict[str, int] = field(default_factory=dict)
    status: int | None = None
    page: str = ""
    hosts: tuple[HostState, ...] = ()

    def as_object(self) -> dict[str, Any]:
        """Return it as an object of JSON."""
        told = {name: [_text(one) for one in getattr(self, name)] for name in ("chain", "issuer_names")}
        return (
            asdict(self)
            | told
            | {
                "anchor": _text(self.anchor),
                "issuers": list(self.issuers),
                "addresses": list(self.addresses),
                "hosts": [asdict(one) for one in self.hosts],
            }
        )

    @classmethod
    def of(cls, told: dict[str, Any]) -> Seen:
        """Return what an object of JSON says; what a newer agent adds is left out, and what an older one does not know is not there.

        :raises ValueError: if it does not say what has been seen
        """
        try:
            known = {one.name: told[one.name] for one in fields(cls) if one.name in told or one.name in _ALWAYS_TOLD}
            for name, read in _READ.items():
                if name in known:
                    known[name] = read(known[name])
            return cls(**known)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("This is no answer.") from error


_ALWAYS_TOLD = frozenset(
    {"stage", "error", "address", "protocol", "cipher", "application_protocol", "asked_for_certificate", "issuers", "chain", "milliseconds"}
)


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _octets(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(one) for one in texts)


_OF_HOSTS = tuple(one.name for one in fields(HostState))
_READ: dict[str, Callable[[Any], Any]] = {
    "stage": lambda said: Stage(said) if said else None,
    "end": lambda said: End(said) if said in set(End) else None,  # of a newer agent: unknown here
    "addresses": tuple,
    "issuers": tuple,
    "issuer_names": _octets,
    "chain": _octets,
    "anchor": base64.b64decode,
    "objections": lambda said: tuple(Objection(code=one["code"], depth=one["depth"]) for one in said),
    "took": dict,
    "hosts": lambda said: tuple(HostState(**{name: one[name] for name in _OF_HOSTS if name in one}) for one in said),
}
