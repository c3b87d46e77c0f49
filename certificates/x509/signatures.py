"""Signatures on certificates: how people name the algorithm, and whether one certificate signed another. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from certificates import ber
from certificates.ber import Element, Malformed
from certificates.x509 import names
from certificates.x509.certificate import Certificate

_PSS = "1.2.840.113549.1.1.10"
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "MD5": hashes.MD5(),  # noqa: S303 - what old certificates use
    "SHA-1": hashes.SHA1(),  # noqa: S303
    "SHA-224": hashes.SHA224(),
    "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(),
    "SHA-512": hashes.SHA512(),
}
_HASH_OIDS = {
    "1.2.840.113549.2.5": "MD5",
    "1.3.14.3.2.26": "SHA-1",
    "2.16.840.1.101.3.4.2.4": "SHA-224",
    "2.16.840.1.101.3.4.2.1": "SHA-256",
    "2.16.840.1.101.3.4.2.2": "SHA-384",
    "2.16.840.1.101.3.4.2.3": "SHA-512",
}
_ALGORITHMS = {
    "1.2.840.113549.1.1.2": ("RSA", "MD2"),
    "1.2.840.113549.1.1.3": ("RSA", "MD4"),
    "1.2.840.113549.1.1.4": ("RSA", "MD5"),
    "1.2.840.113549.1.1.5": ("RSA", "SHA-1"),
    "1.3.14.3.2.29": ("RSA", "SHA-1"),
    "1.2.840.113549.1.1.14": ("RSA", "SHA-224"),
    "1.2.840.113549.1.1.11": ("RSA", "SHA-256"),
    "1.2.840.113549.1.1.12": ("RSA", "SHA-384"),
    "1.2.840.113549.1.1.13": ("RSA", "SHA-512"),
    "1.2.840.10045.4.1": ("ECDSA", "SHA-1"),
    "1.2.840.10045.4.3.1": ("ECDSA", "SHA-224"),
    "1.2.840.10045.4.3.2": ("ECDSA", "SHA-256"),
    "1.2.840.10045.4.3.3": ("ECDSA", "SHA-384"),
    "1.2.840.10045.4.3.4": ("ECDSA", "SHA-512"),
    "1.2.840.10040.4.3": ("DSA", "SHA-1"),
    "2.16.840.1.101.3.4.3.1": ("DSA", "SHA-224"),
    "2.16.840.1.101.3.4.3.2": ("DSA", "SHA-256"),
    "1.3.101.112": ("Ed25519", ""),
    "1.3.101.113": ("Ed448", ""),
    "2.16.840.1.101.3.4.3.17": ("ML-DSA-44", ""),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA-65", ""),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA-87", ""),
}


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """How a certificate is signed."""

    scheme: str  # "RSA", "RSA-PSS", "ECDSA", "Ed25519"; the OID of one that is not known here
    digest: str = ""  # "SHA-256"; empty where the scheme has its own

    def __str__(self) -> str:
        """Return ``SHA-256 with RSA``, ``Ed25519``."""
        return f"{self.digest} with {self.scheme}" if self.digest else self.scheme

    @classmethod
    def of(cls, certificate: Certificate) -> SignatureAlgorithm:
        """Return the algorithm of the certificate's signature; unnamed if it is malformed."""
        try:
            kind, *parameters = ber.children(certificate.signature_algorithm)
            oid = ber.oid(kind)
            if oid == _PSS:
                return cls("RSA-PSS", _pss_digest(parameters))
            return cls(*_ALGORITHMS.get(oid, (oid, "")))
        except (Malformed, ValueError):
            return cls("")


def issued(above: Certificate, below: Certificate) -> bool:
    """Tell whether *above* signed *below*; where the signature's algorithm is unknown, the names decide."""
    try:
        if names.canonical(below.issuer) != names.canonical(above.subject):
            return False
        key = load_der_public_key(above.public_key.octets)
        _verify(key, below)
    except UnsupportedAlgorithm:
        return True
    except (Malformed, ValueError, TypeError, InvalidSignature):
        return False
    return True


def _verify(key: PublicKeyTypes, below: Certificate) -> None:
    """Verify the signature on *below*.

    :raises InvalidSignature: if it is not of *key*
    :raises UnsupportedAlgorithm: if that cannot be told
    """
    algorithm = SignatureAlgorithm.of(below)
    digest = _HASHES.get(algorithm.digest)
    match key, algorithm.scheme:
        case rsa.RSAPublicKey(), "RSA" if digest:
            key.verify(below.signature, below.signed, padding.PKCS1v15(), digest)
        case rsa.RSAPublicKey(), "RSA-PSS" if digest:
            key.verify(below.signature, below.signed, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
        case ec.EllipticCurvePublicKey(), "ECDSA" if digest:
            key.verify(below.signature, below.signed, ec.ECDSA(digest))
        case dsa.DSAPublicKey(), "DSA" if digest:
            key.verify(below.signature, below.signed, digest)
        case ((ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey()), ("Ed25519" | "Ed448")):
            key.verify(below.signature, below.signed)
        case _:
            raise UnsupportedAlgorithm(str(algorithm))


def _pss_digest(parameters: list[Element]) -> str:
    """Return the hash of RSASSA-PSS parameters, [0] within a SEQUENCE; SHA-1 if none is named (RFC 4055, section 3.1)."""
    named = next((one for one in ber.children(parameters[0]) if one.is_tagged(0)), None) if parameters else None
    if named is None:
        return "SHA-1"
    return _HASH_OIDS.get(ber.oid(ber.first(ber.children(ber.sole(named.content)))), "")
