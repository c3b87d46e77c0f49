"""Private keys: which the gateway can use, and how each is brought into one form. [pure]"""

from __future__ import annotations

from asn1crypto import parser
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from certificates import ber
from certificates.ber import Element, Malformed
from certificates.facts import key_type, named_key_type
from certificates.pfx.model import Problem, UnreadablePfx
from certificates.sealing import Secret

_RSA = "1.2.840.113549.1.1.1"
_FEWEST_RSA_BITS, _MOST_RSA_BITS = 2048, 8192
_MOST_EXPONENT_BITS = 33  # BoringSSL takes no longer public exponent
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_RSA_NUMBERS = 9  # of a key with two primes: RFC 8017, appendix A.1.2
_PRIMES_PLACE = 9


def load(pkcs8: Secret) -> PrivateKeyTypes:
    """Return the private key in *pkcs8*, if the gateway can use it.

    :raises UnreadablePfx: naming the kind of key that it cannot use, or saying that the key is broken
    """
    try:
        kind, numbers = _taken_apart(pkcs8)
        if kind == _RSA:
            key: PrivateKeyTypes = _rsa(ber.sole(numbers), pkcs8)
        else:
            key = load_der_private_key(pkcs8.value, None)
    except UnsupportedAlgorithm:
        raise UnreadablePfx(Problem.UNUSABLE_KEY, named_key_type(kind)) from None
    except (Malformed, ValueError, TypeError):  # TypeError: X25519 and the like, which cannot belong to a certificate
        raise UnreadablePfx(Problem.BROKEN_KEY) from None
    _refuse_unusable(key)
    return key


def fingerprint(pkcs8: Secret) -> bytes:
    """Return what two spellings of one key have in common, whatever stands around it."""
    try:
        _, algorithm, key = ber.leading(ber.sole(pkcs8.value), 3)
    except Malformed:
        return pkcs8.value
    return algorithm.octets + key.octets


def rsa_pkcs8(numbers: bytes) -> Secret:
    """Return the PKCS#8 of a traditional RSA key (RFC 8017, appendix A.1.2), which may be one that is refused later."""
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return Secret(parser.emit(0, 1, ber.SEQUENCE, b"\x02\x01\0" + algorithm + parser.emit(0, 0, ber.OCTETS, numbers)))


def pkcs8_of(key: PrivateKeyTypes) -> Secret:
    """Return *key* as PKCS#8 DER."""
    return Secret(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _taken_apart(pkcs8: Secret) -> tuple[str, bytes]:
    """Return the algorithm's OID and the key's own octets: RFC 5208, section 5.

    :raises UnreadablePfx: if the gateway can use no key of that algorithm
    """
    _, algorithm, key = ber.leading(ber.sole(pkcs8.value), 3)
    kind = ber.oid(ber.first(ber.children(algorithm)))
    if (named := named_key_type(kind)) and named != "Ed25519":
        raise UnreadablePfx(Problem.UNUSABLE_KEY, named)
    return kind, ber.octets(key)


def _rsa(numbers: Element, pkcs8: Secret) -> rsa.RSAPrivateKey:
    """Return an RSA key; the values for the Chinese remainder theorem are computed where they are missing.

    :raises UnreadablePfx: if it has more than two primes, or too long an exponent
    """
    inside = ber.children(numbers)
    _, modulus, exponent, private, *more = [ber.integer(element) for element in inside[:_RSA_NUMBERS]]
    size = f"RSA {modulus.bit_length()}"
    if len(inside) > _PRIMES_PLACE:
        others = len(ber.children(inside[_PRIMES_PLACE]))
        raise UnreadablePfx(Problem.UNUSABLE_KEY, f"{size}, {2 + others} primes")
    if exponent.bit_length() > _MOST_EXPONENT_BITS:
        raise UnreadablePfx(Problem.UNUSABLE_KEY, f"{size}, public exponent of {exponent.bit_length()} bits")
    _refuse_rsa_size(modulus.bit_length())
    if len(more) == _RSA_NUMBERS - 4 and all(more):
        key = load_der_private_key(pkcs8.value, None)
        assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - its algorithm says so
        return key
    one, other = _primes(modulus, exponent, private, more)
    return rsa.RSAPrivateNumbers(
        p=one,
        q=other,
        d=private,
        dmp1=rsa.rsa_crt_dmp1(private, one),
        dmq1=rsa.rsa_crt_dmq1(private, other),
        iqmp=rsa.rsa_crt_iqmp(one, other),
        public_numbers=rsa.RSAPublicNumbers(exponent, modulus),
    ).private_key()


def _primes(modulus: int, exponent: int, private: int, more: list[int]) -> tuple[int, int]:
    one, other, *_ = (*more, 0, 0)
    return (one, other) if one * other == modulus else rsa.rsa_recover_prime_factors(modulus, exponent, private)


def _refuse_rsa_size(bits: int) -> None:
    if not _FEWEST_RSA_BITS <= bits <= _MOST_RSA_BITS:
        raise UnreadablePfx(Problem.UNUSABLE_KEY, f"RSA {bits}")


def _refuse_unusable(key: PrivateKeyTypes) -> None:
    """Refuse a key that Envoy does not load or present (measured with 1.40)."""
    match key:
        case rsa.RSAPrivateKey() | ed25519.Ed25519PrivateKey():
            return
        case ec.EllipticCurvePrivateKey() if key.curve.name in _CURVES:
            return
        case _:
            raise UnreadablePfx(Problem.UNUSABLE_KEY, key_type(key.public_key()))
