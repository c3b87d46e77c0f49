"""Probes: a TLS handshake from a gateway's own place, asked for by the portal. What is asked and what is found, and how both travel. [pure]

The portal puts a question down, the control plane that feeds the gateway hands it on over the gateway's channel, its agent shakes hands
and says what it has seen. Nothing is sent to the back end but the handshake and, where a path is named, one request for its headers.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from certificates.sealing import Secret

METHOD = "/portal.gateway.Probing/Probes"  # answers in, questions out, each a JSON object


class Stage(StrEnum):
    """How far a handshake came that did not succeed."""

    NAME = "name"  # the host's address was not found
    CONNECT = "connect"
    HANDSHAKE = "handshake"
    REQUEST = "request"  # it succeeded, and the request had no answer
    AFTER = "after"  # it succeeded, and then the server broke off: TLS 1.3 refuses a client's certificate only then


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """With whom to shake hands.

    :ivar server_name: what is asked for by SNI; empty: *host*, unless that is an address
    :ivar protocols: what is offered by ALPN
    """

    host: str
    port: int
    server_name: str = ""
    protocols: tuple[str, ...] = ("h2", "http/1.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A probe on its way to a gateway.

    :ivar certificate: what to present if it is asked for: PEM, the leaf first; empty: nothing
    :ivar path: what to ask for by HTTP (HEAD) after the handshake; empty: nothing
    :ivar older_servers: whether to speak versions of TLS that only old servers need
    :ivar asks_later: whether the certificate may be asked for after the handshake, which only TLS 1.2 can
    """

    id: str
    target: Target
    certificate: bytes = b""
    private_key: Secret = field(default_factory=lambda: Secret(b""))
    path: str = ""
    older_servers: bool = False
    asks_later: bool = False

    def encoded(self) -> bytes:
        """Return it as it travels; it holds the private key."""
        manner = {"path": self.path, "older_servers": self.older_servers, "asks_later": self.asks_later}
        said = {"id": self.id, "target": asdict(self.target), "certificate": self.certificate.decode(), **manner}
        return json.dumps(said | {"private_key": self.private_key.value.decode()}).encode()

    @classmethod
    def decoded(cls, said: bytes) -> Question:
        """Return what has travelled.

        :raises ValueError: if it is no question
        """
        fields = _object(said)
        try:
            target = fields["target"] | {"protocols": tuple(fields["target"]["protocols"])}
            return cls(
                id=fields["id"],
                target=Target(**target),
                certificate=fields["certificate"].encode(),
                private_key=Secret(fields["private_key"].encode()),
                path=fields.get("path", ""),  # a control plane of an earlier version says nothing of these
                older_servers=fields.get("older_servers", False),
                asks_later=fields.get("asks_later", False),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("This is no question.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a handshake has shown.

    :ivar stage: how far it came, ``None`` if it succeeded
    :ivar error: why it did not, in the words of the library; empty if it did
    :ivar address: that was connected to
    :ivar protocol: for instance ``TLSv1.3``
    :ivar application_protocol: what the server chose by ALPN; empty: nothing
    :ivar asked_for_certificate: whether the server asked for a client's certificate
    :ivar issuers: which it accepts of, as it names them; empty: it names none
    :ivar chain: the server's certificates, DER, its own first
    :ivar status: of the answer to the request; ``None``: none was made, or there was no answer
    """

    stage: Stage | None = None
    error: str = ""
    address: str = ""
    protocol: str = ""
    cipher: str = ""
    application_protocol: str = ""
    asked_for_certificate: bool = False
    issuers: tuple[str, ...] = ()
    chain: tuple[bytes, ...] = ()
    milliseconds: int = 0
    status: int | None = None

    def as_object(self) -> dict[str, Any]:
        """Return it as an object of JSON."""
        return asdict(self) | {"chain": [base64.b64encode(one).decode() for one in self.chain], "issuers": list(self.issuers)}

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Seen:
        """Return what an object of JSON says; what a newer agent adds is left out, and what an older one does not know is not there.

        :raises ValueError: if it does not say what has been seen
        """
        try:
            known = {name: fields[name] for name in cls.__dataclass_fields__ if name in fields or name != "status"}
            chain = tuple(base64.b64decode(one) for one in known["chain"])
            stage = Stage(known["stage"]) if known["stage"] else None
            return cls(**known | {"chain": chain, "issuers": tuple(known["issuers"]), "stage": stage})
        except (KeyError, TypeError) as error:
            raise ValueError("This is no answer.") from error


def answer(question: str, seen: Seen) -> bytes:
    """Return what was seen as the answer to the question of this id, as it travels."""
    return json.dumps({"id": question, "seen": seen.as_object()}).encode()


def answered(said: bytes) -> tuple[str, Seen]:
    """Return the id of the question and what was seen.

    :raises ValueError: if it is no answer
    """
    match _object(said):
        case {"id": str(question), "seen": dict(seen)}:
            return question, Seen.of(seen)
        case _:
            raise ValueError("This is no answer.")


def _object(said: bytes) -> dict[str, Any]:
    match json.loads(said):
        case dict(fields):
            return fields
        case _:
            raise ValueError("This is no JSON object.")
