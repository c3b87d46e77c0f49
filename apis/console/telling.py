"""What the gateway tells of a test call. [pure]"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a gateway did with one call. Times are in microseconds; ``None``: that step was not made, or not measured.

    :ivar operation: the name of the operation that matched; empty: none did
    :ivar details: why it was answered as it was, in Envoy's words; ``via_upstream``: the back end answered
    :ivar presents: the thumbprint of the client certificate of the connection; empty: none
    :ivar back_end: the address that was called; empty: none was
    :ivar protocol: spoken to the back end
    :ivar tls: version and cipher suite spoken to the back end
    :ivar is_kept: whether the connection had been there before the call came; ``None``: there was none
    :ivar tries: how often the back end was asked
    :ivar received: until the call had come whole
    :ivar connected: to connect; of a new connection
    :ivar shaken: the handshake; of a new connection
    :ivar sent: from the call's coming until it was sent on: key check, routing, waiting for a connection
    :ivar answered: from then until the back end began to answer
    :ivar passed_on: from then until the caller had it all
    """

    operation: str = ""
    details: str = ""
    presents: str = ""
    back_end: str = ""
    protocol: str = ""
    tls: str = ""
    is_kept: bool | None = None
    tries: int = 0
    received: int | None = None
    connected: int | None = None
    shaken: int | None = None
    sent: int | None = None
    answered: int | None = None
    passed_on: int | None = None

    def as_object(self) -> dict[str, Any]:
        """Return it as an object of JSON."""
        return asdict(self)

    @classmethod
    def of(cls, told: dict[str, Any]) -> Told:
        """Return what an object of JSON says, as far as it is known here."""
        return cls(**{one.name: told[one.name] for one in fields(cls) if one.name in told})
