"""What a certificate says about itself. [pure]"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.utils import CryptographyDeprecationWarning

_LONGEST_NAME = 2000  # characters kept of a subject or issuer
_LONGEST_SERIAL = 80  # RFC 5280 allows 40 hex digits; what hostile ones have beyond is cut off


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of one certificate that pages and the REST API show."""

    subject: str  # "CN=orders-client, O=Example"
    common_name: str  # empty if there is none
    issuer: str
    serial: str  # upper-case hex
    key_type: str  # "RSA 2048", "P-256", "Ed25519"
    alternative_names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    thumbprint: str  # SHA-1 of the DER, 40 upper-case hex digits
    thumbprint_sha256: str

    @classmethod
    def of(cls, der: bytes) -> Self:
        """Read the facts of a DER certificate.

        :raises ValueError: if it is not one
        """
        with warnings.catch_warnings():  # odd serial numbers and the like are shown, not judged
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return cls._of(x509.load_der_x509_certificate(der))

    @classmethod
    def _of(cls, certificate: x509.Certificate) -> Self:
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return cls(
            subject=_name(certificate.subject),
            common_name=str(names[0].value) if names else "",
            issuer=_name(certificate.issuer),
            serial=f"{certificate.serial_number:X}"[:_LONGEST_SERIAL],
            key_type=_key_type(certificate),
            alternative_names=_alternative_names(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            thumbprint=certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303 - the thumbprint's definition
            thumbprint_sha256=certificate.fingerprint(hashes.SHA256()).hex().upper(),
        )


def key_type(key: PublicKeyTypes) -> str:
    """Return how people name the kind of a public key: ``RSA 2048``, ``P-256``, ``Ed25519``."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}.get(key.curve.name, key.curve.name)
    return type(key).__name__.removeprefix("_").removesuffix("PublicKey")


def _name(name: x509.Name) -> str:
    """Return a name as RFC 4514 orders it (the most specific part first), parts separated by a comma and a space."""
    return ", ".join(part.rfc4514_string() for part in reversed(name.rdns)).replace("\0", "\\00")[:_LONGEST_NAME]


def _key_type(certificate: x509.Certificate) -> str:
    """Return the kind of the certificate's key; empty if it is unknown, as that of an authority above the leaf may be."""
    try:
        return key_type(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm):
        return ""


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the subject alternative names; none if the extensions are malformed, which does not stop a back end from taking it."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ()
    return tuple(_alternative_name(name) for name in extension.value)


def _alternative_name(name: x509.GeneralName) -> str:
    match name:
        case x509.DirectoryName():
            return _name(name.value)
        case x509.OtherName() | x509.RegisteredID():
            return name.type_id.dotted_string if isinstance(name, x509.OtherName) else name.value.dotted_string
        case _:
            return str(name.value)
