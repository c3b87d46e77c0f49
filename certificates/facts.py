"""What a certificate says about itself. [pure]"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from certificates import ber
from certificates.ber import Malformed
from certificates.host_names import is_host_name
from certificates.x509 import Certificate, names, times
from certificates.x509.loading import KEY_USAGE
from certificates.x509.names import AlternativeName, NameKind
from certificates.x509.signatures import SignatureAlgorithm

_LONGEST_SERIAL = 80  # RFC 5280 allows 40 hex digits; what hostile ones have beyond is cut off
_ALTERNATIVE_NAMES, _EXTENDED_KEY_USAGE = "2.5.29.17", "2.5.29.37"
# RFC 5280, section 4.2.1.3: the names of the bits, in their order
_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
_PURPOSES = {
    "2.5.29.37.0": "anyExtendedKeyUsage",
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.5": "ipsecEndSystem",
    "1.3.6.1.5.5.7.3.6": "ipsecTunnel",
    "1.3.6.1.5.5.7.3.7": "ipsecUser",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "1.3.6.1.5.5.7.3.17": "ipsecIKE",
    "1.3.6.1.4.1.311.10.3.3": "msSGC",
    "1.3.6.1.4.1.311.10.3.4": "msEFS",
    "1.3.6.1.4.1.311.10.3.12": "msDocumentSigning",
    "1.3.6.1.4.1.311.20.2.2": "msSmartcardLogin",
    "1.3.6.1.5.2.3.4": "pkInitClientAuth",
}
# Keys that cryptography may not know: what people call them.
_KEY_TYPES = {
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10046.2.1": "DH",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
    **{
        f"2.16.840.1.101.3.4.3.{20 + place}": f"SLH-DSA-{name}"
        for place, name in enumerate(
            f"{family}-{size}" for family in ("SHA2", "SHAKE") for size in ("128s", "128f", "192s", "192f", "256s", "256f")
        )
    },
    "2.16.840.1.101.3.4.4.1": "ML-KEM-512",
    "2.16.840.1.101.3.4.4.2": "ML-KEM-768",
    "2.16.840.1.101.3.4.4.3": "ML-KEM-1024",
    "1.3.9999.3.6": "Falcon-512",
    "1.3.9999.3.9": "Falcon-1024",
    "1.2.643.7.1.1.1.1": "GOST R 34.10-2012 256",
    "1.2.643.7.1.1.1.2": "GOST R 34.10-2012 512",
    "1.2.643.2.2.19": "GOST R 34.10-2001",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of one certificate that pages and the REST API show."""

    subject: str  # "CN=orders-client, O=Example"
    common_name: str  # empty if there is none
    issuer: str
    is_self_issued: bool
    serial: str  # upper-case hex
    key_type: str  # "RSA 2048", "P-256", "Ed25519"
    alternative_names: tuple[AlternativeName, ...]
    key_usage: tuple[str, ...] | None  # as RFC 5280 names them; None: not limited
    purposes: tuple[str, ...] | None  # extended key usage: "clientAuth"; None: not limited
    critical: tuple[str, ...]  # OIDs of the extensions that must be understood
    signature_algorithm: SignatureAlgorithm
    dates_have_offsets: bool  # written in another time zone than UTC
    not_before: datetime
    not_after: datetime
    thumbprint: str  # SHA-1 of the DER, 40 upper-case hex digits
    thumbprint_sha256: str

    @classmethod
    @lru_cache(maxsize=500)
    def of(cls, der: bytes) -> Self:
        """Read the facts of a DER certificate, however it is written; of those that lists show again and again, once.

        :raises ValueError: if it is not one
        """
        try:
            return cls._of(Certificate.of(der))
        except Malformed:
            raise ValueError("This is no certificate.") from None

    @classmethod
    def _of(cls, certificate: Certificate) -> Self:
        return cls(
            subject=names.shown(certificate.subject),
            common_name=names.common_name(certificate.subject),
            issuer=names.shown(certificate.issuer),
            is_self_issued=names.canonical(certificate.issuer) == names.canonical(certificate.subject),
            serial=_serial(certificate.serial),
            key_type=key_type_of(certificate.public_key.octets),
            alternative_names=_alternative_names(certificate),
            key_usage=_key_usage(certificate),
            purposes=_purposes(certificate),
            critical=certificate.critical,
            signature_algorithm=SignatureAlgorithm.of(certificate),
            dates_have_offsets=any(times.has_offset(date) for date in (certificate.not_before, certificate.not_after)),
            not_before=times.moment(certificate.not_before),
            not_after=times.moment(certificate.not_after),
            thumbprint=hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest().upper(),
            thumbprint_sha256=hashlib.sha256(certificate.der).hexdigest().upper(),
        )

    @property
    def host_names(self) -> tuple[str, ...]:
        """The hosts it is for: its alternative names that are host names, or all below one (``*.example.com``), in lower case."""
        named = (str(name).lower().removesuffix(".") for name in self.alternative_names if name.kind is NameKind.HOST)
        return tuple(dict.fromkeys(name for name in named if is_host_name(name)))

    @property
    def shown_name(self) -> str:
        """The subject; where it is empty, the first alternative name."""
        return self.subject or next((str(name) for name in self.alternative_names), "")


def key_type(key: PublicKeyTypes) -> str:
    """Return how people name the kind of a public key: ``RSA 2048``, ``P-256``, ``Ed25519``."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}.get(key.curve.name, key.curve.name)
    return type(key).__name__.removeprefix("_").removesuffix("PublicKey")


def named_key_type(oid: str) -> str:
    """Return how people name keys of the algorithm *oid*, empty if that is not known."""
    return _KEY_TYPES.get(oid, "")


def key_type_of(info: bytes) -> str:
    """Return the kind of a SubjectPublicKeyInfo's key; empty if it is unknown, as that of an authority above the leaf may be."""
    try:
        if named := named_key_type(ber.oid(ber.first(ber.children(ber.first(ber.children(ber.sole(info))))))):
            return named
        return key_type(load_der_public_key(info))
    except (Malformed, ValueError, UnsupportedAlgorithm):
        return ""


def _serial(octets: bytes) -> str:
    return f"{int.from_bytes(octets, signed=True):X}"[:_LONGEST_SERIAL]


def _alternative_names(certificate: Certificate) -> tuple[AlternativeName, ...]:
    extension = certificate.extension(_ALTERNATIVE_NAMES)
    return tuple(names.alternatives(extension)) if extension else ()


def _key_usage(certificate: Certificate) -> tuple[str, ...] | None:
    extension = certificate.extension(KEY_USAGE)
    try:
        return tuple(_USAGES[bit] for bit in sorted(ber.bits(extension)) if bit < len(_USAGES)) if extension else None
    except Malformed:
        return None


def _purposes(certificate: Certificate) -> tuple[str, ...] | None:
    extension = certificate.extension(_EXTENDED_KEY_USAGE)
    try:
        oids = [ber.oid(element) for element in ber.children(extension)] if extension else None
    except Malformed:
        return None
    return None if oids is None else tuple(_PURPOSES.get(oid, oid) for oid in oids)
