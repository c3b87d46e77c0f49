"""Who was turned away, noted without letting those who knock without end fill memory, table or log."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.control.enrolment import fingerprint_of

NOTED_EVERY_SECONDS = 60.0
_MOST = 1000  # of whom it is remembered when they have knocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """Somebody with a certificate of our authority who is not enrolled.

    :ivar name: under which it was enrolled
    :ivar address: where it came from
    """

    fingerprint: str
    name: str
    address: str
    at: datetime


class Knocks:
    """Tells which knocks are worth noting. Used by one thread, the loop's."""

    def __init__(self) -> None:
        """Begin without any."""
        self._noted: dict[str, float] = {}  # by fingerprint, the longest ago first

    def worth_noting(self, certificate_pem: bytes, peer: str) -> Knock | None:
        """Return the knock of whoever has shown a certificate; ``None`` if it has knocked within the last minute.

        :param peer: where it comes from, as gRPC says it
        """
        fingerprint, now = fingerprint_of(certificate_pem), time.monotonic()
        if now - self._noted.get(fingerprint, float("-inf")) < NOTED_EVERY_SECONDS:
            return None
        self._noted.pop(fingerprint, None)
        self._noted[fingerprint] = now
        if len(self._noted) > _MOST:
            del self._noted[next(iter(self._noted))]
        return Knock(fingerprint=fingerprint, name=_name_in(certificate_pem), address=address_of(peer), at=datetime.now(UTC))


def address_of(peer: str) -> str:
    """Return the address in gRPC's words for the other side: ``ipv4:192.0.2.7:40000``, ``ipv6:%5B2001:db8::7%5D:40000``."""
    return unquote(peer).partition(":")[2].rpartition(":")[0].strip("[]")[:100]


def _name_in(certificate_pem: bytes) -> str:
    """Return the name that our authority has put into the certificate; nobody else has issued one that is let in."""
    names = x509.load_pem_x509_certificate(certificate_pem).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
