"""What is asked: with whom to shake hands, what to present, how closely to look; and how that travels to a gateway. [pure]"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from certificates.sealing import Secret


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
class Closely:
    """What a closer look needs: the server's chain is judged, its answer's page read, and it is found out whether it asks later.

    :ivar trusted_ca: the authorities its chain must lead to, PEM; empty: the system's where the look is made from
    :ivar allowed: networks whose loopback addresses may be called; others that no API may call are not
    :ivar clusters: of which the gateway tells how their addresses are
    """

    trusted_ca: str = ""
    allowed: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()

    def as_object(self) -> dict[str, Any]:
        """Return it as an object of JSON."""
        return {"trusted_ca": self.trusted_ca, "allowed": list(self.allowed), "clusters": list(self.clusters)}

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Closely:
        """Return what an object of JSON says; what a newer portal adds is left out.

        :raises KeyError: if it does not say what is needed
        """
        return cls(trusted_ca=fields["trusted_ca"], allowed=tuple(fields["allowed"]), clusters=tuple(fields.get("clusters", ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One look, perhaps on its way to a gateway.

    :ivar certificate: what to present if it is asked for: PEM, the leaf first; empty: nothing
    :ivar path: what to ask for by HTTP after the handshake; empty: nothing
    :ivar older_servers: whether to speak versions of TLS that only old servers need
    :ivar asks_later: whether the certificate may be asked for after the handshake, which only TLS 1.2 can
    :ivar closely: how closely to look; ``None``: only whether the handshake succeeds
    """

    id: str
    target: Target
    certificate: bytes = b""
    private_key: Secret = field(default_factory=lambda: Secret(b""))
    path: str = ""
    older_servers: bool = False
    asks_later: bool = False
    closely: Closely | None = None

    def encoded(self) -> bytes:
        """Return it as it travels; it holds the private key."""
        manner = {"path": self.path, "older_servers": self.older_servers, "asks_later": self.asks_later}
        said = {"id": self.id, "target": asdict(self.target), "certificate": self.certificate.decode(), **manner}
        said["closely"] = self.closely.as_object() if self.closely else None
        return json.dumps(said | {"private_key": self.private_key.value.decode()}).encode()

    @classmethod
    def decoded(cls, said: bytes) -> Question:
        """Return what has travelled.

        :raises ValueError: if it is no question
        """
        fields = json.loads(said)
        try:
            target = fields["target"] | {"protocols": tuple(fields["target"]["protocols"])}
            closely = fields.get("closely")
            return cls(
                id=fields["id"],
                target=Target(**target),
                certificate=fields["certificate"].encode(),
                private_key=Secret(fields["private_key"].encode()),
                path=fields.get("path", ""),  # a control plane of an earlier version says nothing of these
                older_servers=fields.get("older_servers", False),
                asks_later=fields.get("asks_later", False),
                closely=Closely.of(closely) if closely else None,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("This is no question.") from error
