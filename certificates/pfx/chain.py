"""Which certificate of a file belongs to the key, and the order of the others. [pure]"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certificates.pfx.model import Problem, UnreadablePfx


def leaf_of(key: PrivateKeyTypes, certificates: Iterable[bytes]) -> bytes:
    """Return the certificate of *key*; of several (a renewal under the same key) the one that became valid last.

    :raises UnreadablePfx: ``NO_CERTIFICATE``
    """
    public = _encoded(key.public_key())
    fitting = [der for der in certificates if _public_key(der) == public]
    if not fitting:
        raise UnreadablePfx(Problem.NO_CERTIFICATE)
    return max(fitting, key=lambda der: x509.load_der_x509_certificate(der).not_valid_before_utc)


def in_order(leaf: bytes, certificates: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the certificates above *leaf*, issuer by issuer, then those that belong to no link, in the order of the file.

    Other certificates of the leaf's own key are left out: they are no part of its chain.
    """
    own = _public_key(leaf)
    rest = [der for der in certificates if der != leaf and _public_key(der) != own]
    chain: list[bytes] = []
    below = leaf
    while (issuer := next((der for der in rest if _issued(der, below)), None)) is not None:
        chain.append(issuer)
        rest.remove(issuer)
        below = issuer
    return (*chain, *rest)


def _issued(issuer: bytes, below: bytes) -> bool:
    """Tell whether *issuer* signed *below*; where the signature's algorithm is unknown, the names decide."""
    above, subject = x509.load_der_x509_certificate(issuer), x509.load_der_x509_certificate(below)
    if subject.issuer != above.subject:
        return False
    try:
        subject.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    except UnsupportedAlgorithm:
        return True
    return True


def _public_key(der: bytes) -> bytes | None:
    """Return the certificate's public key, ``None`` for one of an unknown kind."""
    try:
        return _encoded(x509.load_der_x509_certificate(der).public_key())
    except (ValueError, UnsupportedAlgorithm):
        return None


def _encoded(public_key: PublicKeyTypes) -> bytes:
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
