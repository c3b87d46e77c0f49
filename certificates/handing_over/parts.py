"""The public parts of an entry's certificate, as files. [pure]"""

from __future__ import annotations

import re
from dataclasses import dataclass

from certificates.facts import Facts
from certificates.x509.pem import pem_of

_UNPLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_PART = r"(?:CN|O|OU|C|ST|L|DC)=[A-Za-z0-9 ._@/-]+"
_PLAIN_SUBJECT = re.compile(rf"{_PART}(?:, {_PART})*\Z")
_PEM, _DER = "application/x-pem-file", "application/pkix-cert"


@dataclass(frozen=True, slots=True)
class File:
    """A file to hand over."""

    name: str
    content: bytes
    kind: str  # media type


@dataclass(frozen=True, slots=True)
class PublicPart:
    """A certificate and those above it, as the gateway sends them.

    :ivar entry: the name of the entry, which the files are named by
    :ivar der: the certificate
    :ivar above: the certificates above it, its issuer first
    """

    entry: str
    der: bytes
    above: tuple[bytes, ...]

    @property
    def stem(self) -> str:
        """What the names of its files begin with: plain characters alone, for every system."""
        return _UNPLAIN.sub("-", self.entry).strip("-.") or "client"

    @property
    def anchor(self) -> bytes | None:
        """What a back end has to trust: the topmost certificate, itself only if it vouches for itself; else ``None``."""
        if self.above:
            return self.above[-1]
        return self.der if Facts.of(self.der).is_self_issued else None

    @property
    def missing_issuer(self) -> str:
        """Whose certificate is missing above the topmost one; empty if nobody's is: then it is a root."""
        top = Facts.of((self.der, *self.above)[-1])
        return "" if top.is_self_issued else top.issuer

    def files(self) -> dict[str, File]:
        """Return the files that there are, by the last part of their addresses."""
        everything = "".join(map(pem_of, (self.der, *self.above))).encode()
        found = {
            "certificate.pem": File(f"{self.stem}.pem", everything, _PEM),
            "certificate.cer": File(f"{self.stem}.cer", self.der, _DER),
        }
        if self.above:
            found["chain.pem"] = File(f"{self.stem}-chain.pem", "".join(map(pem_of, self.above)).encode(), _PEM)
        if self.anchor:
            found["issuer.pem"] = File(f"{self.stem}-ca.pem", pem_of(self.anchor).encode(), _PEM)
            found["issuer.cer"] = File(f"{self.stem}-ca.cer", self.anchor, _DER)
        return found

    @property
    def subject(self) -> str:
        """Its subject as nginx and Apache spell it (RFC 2253), if it is plain enough to stand in their settings; else empty."""
        subject = Facts.of(self.der).subject
        return subject.replace(", ", ",") if _PLAIN_SUBJECT.match(subject) else ""
