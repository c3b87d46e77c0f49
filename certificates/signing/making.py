"""Making a private key and the request for its certificate (PKCS#10, RFC 2986). Runs in the child: RSA takes seconds. [pure]"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from certificates.judgement import Purpose
from certificates.pfx import keys
from certificates.sealing import Secret
from certificates.signing.typed import alternatives_of, subject_of

_EXPONENT = 65537
_USES = {Purpose.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH, Purpose.SERVER: ExtendedKeyUsageOID.SERVER_AUTH}


class KeyKind(enum.StrEnum):
    """The keys that are made here."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a signing request asks for.

    :ivar subject: as :func:`certificates.signing.typed.subject_of` reads it; empty where the alternative names say it all
    :ivar names: the alternative names
    """

    key: KeyKind
    subject: str
    names: tuple[str, ...]
    purpose: Purpose

    def as_bytes(self) -> bytes:
        """Return it as the child is told."""
        told = {"key": self.key, "subject": self.subject, "names": self.names, "purpose": self.purpose}
        return json.dumps(told).encode()

    @classmethod
    def from_bytes(cls, told: bytes) -> Self:
        """Return what :meth:`as_bytes` gave."""
        values = json.loads(told)
        return cls(key=KeyKind(values["key"]), subject=values["subject"], names=tuple(values["names"]), purpose=Purpose(values["purpose"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A private key (PKCS#8 DER) and its signing request (DER)."""

    private_key: Secret
    request: bytes


def make(wanted: Wanted) -> Made:
    """Make a key of the kind that is *wanted*, and sign a request for its certificate with it.

    :raises certificates.signing.typed.BadName: if no certificate can have such a name
    """
    subject, names = subject_of(wanted.subject), alternatives_of(wanted.names)
    key = _key(wanted.key)
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .add_extension(_usage(signs_only=wanted.purpose is Purpose.CLIENT or isinstance(key, ec.EllipticCurvePrivateKey)), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_USES[wanted.purpose]]), critical=False)
    )
    if names:  # without a subject they are critical: RFC 5280, 4.2.1.6
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not subject.rdns)
    request = builder.sign(key, hashes.SHA384() if wanted.key is KeyKind.EC_P384 else hashes.SHA256())
    return Made(private_key=keys.pkcs8_of(key), request=request.public_bytes(Encoding.DER))


def _key(kind: KeyKind) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    match kind:
        case KeyKind.EC_P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyKind.EC_P384:
            return ec.generate_private_key(ec.SECP384R1())
        case KeyKind.RSA_2048 | KeyKind.RSA_3072 | KeyKind.RSA_4096:
            return rsa.generate_private_key(_EXPONENT, int(kind.removeprefix("rsa-")))


def _usage(*, signs_only: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=not signs_only,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
