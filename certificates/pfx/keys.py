"""Private keys: which the gateway can use, and how each is brought into one form. [pure]"""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from certificates import ber
from certificates.ber import Element, Malformed
from certificates.facts import key_type, named_key_type
from certificates.pfx.model import Problem, UnreadablePfx
from certificates.sealing import Secret

_RSA, _EC, _ED25519 = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.3.101.112"
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
        key: PrivateKeyTypes = _rsa(ber.sole(numbers)) if kind == _RSA else load_der_private_key(pkcs8.value, None)
    except UnsupportedAlgorithm:
        raise UnreadablePfx(Problem.UNUSABLE_KEY, _curve_of(pkcs8)) from None
    except (Malformed, ValueError, ZeroDivisionError):
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
    return Secret(ber.emit(ber.SEQUENCE, b"\x02\x01\0", algorithm, ber.emit(ber.OCTETS, numbers)))


def pkcs8_of(key: PrivateKeyTypes) -> Secret:
    """Return *key* as PKCS#8 DER."""
    return Secret(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _taken_apart(pkcs8: Secret) -> tuple[str, bytes]:
    """Return the algorithm's OID and the key's own octets: RFC 5208, section 5.

    :raises UnreadablePfx: if the gateway can use no key of that algorithm
    """
    _, algorithm, key = ber.leading(ber.sole(pkcs8.value), 3)
    kind = ber.oid(ber.first(ber.children(algorithm)))
    if kind not in {_RSA, _EC, _ED25519}:
        raise UnreadablePfx(Problem.UNUSABLE_KEY, named_key_type(kind) or kind)
    return kind, ber.octets(key)


def _curve_of(pkcs8: Secret) -> str:
    """Return what tells a curve that is not known here: its OID."""
    try:
        _, algorithm = ber.leading(ber.sole(pkcs8.value), 2)
        return f"EC {ber.oid(ber.leading(algorithm, 2)[1])}"
    except Malformed:
        return "EC, explicit parameters"


def _rsa(numbers: Element) -> rsa.RSAPrivateKey:
    """Return an RSA key; the values for the Chinese remainder theorem are computed where they are missing.

    :raises UnreadablePfx: if it has more than two primes, too long an exponent, or numbers that do not fit together
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
    one, other, *given = (*more, *[0] * (_RSA_NUMBERS - 4 - len(more)))
    if not one * other:
        one, other = rsa.rsa_recover_prime_factors(modulus, exponent, private)
    first, second, inverse = rsa.rsa_crt_dmp1(private, one), rsa.rsa_crt_dmq1(private, other), rsa.rsa_crt_iqmp(one, other)
    belong = one * other == modulus and all((exponent * private) % (prime - 1) == 1 for prime in (one, other))
    if not belong or (all(given) and given != [first, second, inverse]):
        raise UnreadablePfx(Problem.BROKEN_KEY)
    # What the gateway's library checks has just been checked; that the primes are some would take seconds.
    public = rsa.RSAPublicNumbers(exponent, modulus)
    return rsa.RSAPrivateNumbers(one, other, private, first, second, inverse, public).private_key(unsafe_skip_rsa_key_validation=True)


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
