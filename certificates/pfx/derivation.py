"""Keys made of a password, as PKCS#12 (RFC 7292, appendix B) and PKCS#5 (RFC 8018) make them. [pure]"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial

from certificates import ber
from certificates.ber import Element, Malformed
from certificates.pfx.model import Problem, UnreadablePfx
from certificates.sealing import Secret

KEY, VECTOR, MAC = 1, 2, 3  # what the key is for: RFC 7292, appendix B.3
_LONGEST_KEY = 1024  # octets; real ones have 64 at most
_SCRYPT_MEMORY = 256 * 1024 * 1024
_MOST_BLOCKS = 4096  # of a scrypt that works in parallel; real ones use 1
PBKDF2, _SCRYPT = "1.2.840.113549.1.5.12", "1.3.6.1.4.1.11591.4.11"
HASHES = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.5": "sha512_224",
    "2.16.840.1.101.3.4.2.6": "sha512_256",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
}
HMACS = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
    "1.2.840.113549.2.12": "sha512_224",
    "1.2.840.113549.2.13": "sha512_256",
}


class UnknownProtection(Exception):
    """A file is protected in a way that is not known here.

    :ivar name: how: an OID, or words
    """

    def __init__(self, name: str) -> None:
        """Hold the name."""
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Spellings:
    """The octets that programs make of one password; the standard's own first."""

    wide: tuple[Secret, ...]  # for PKCS#12's own derivation
    narrow: tuple[Secret, ...]  # for PKCS#5's

    @classmethod
    def of(cls, password: Secret) -> Spellings:
        """Return the spellings of *password*, which is UTF-8.

        Wide: UTF-16 with a final zero (RFC 7292, appendix B.1), characters beyond 16 bits by surrogates or cut off; octets of UTF-8 each
        widened, as OpenSSL did before 1.1; nothing at all for the empty one. Narrow: UTF-8, Latin-1 (node-forge), or wide all the same.
        """
        typed = password.value.decode()
        wide = [
            typed.encode("utf-16-be") + b"\0\0",
            b"".join((ord(character) & 0xFFFF).to_bytes(2) for character in typed) + b"\0\0",
            password.value.decode("latin-1").encode("utf-16-be") + b"\0\0",
        ]
        narrow = [password.value, _latin_1(typed), wide[0]]
        return cls(_distinct(wide if typed else [*wide, b""]), _distinct(narrow))


def pkcs12(  # noqa: PLR0913 - the standard's own parameters
    hash_name: str, password: Secret, salt: bytes, iterations: int, *, purpose: int, length: int
) -> bytes:
    """Return *length* octets of key: RFC 7292, appendix B.2."""
    digest = getattr(hashlib, hash_name, None) or partial(hashlib.new, hash_name)
    block = digest().block_size
    salted = _filled(salt, block) + _filled(password.value, block)
    key = b""
    while len(key) < length:
        found = digest(bytes([purpose]) * block + salted).digest()
        for _ in range(iterations - 1):
            found = digest(found).digest()
        key += found
        added = int.from_bytes(_filled(found, block)[:block]) + 1
        salted = b"".join(
            ((int.from_bytes(salted[start : start + block]) + added) % (1 << 8 * block)).to_bytes(block)
            for start in range(0, len(salted), block)
        )
    return key[:length]


def pbkdf1(hash_name: str, password: Secret, salt: bytes, iterations: int) -> bytes:
    """Return what the hash gives, of which key and vector are made: RFC 8018, section 5.1."""
    found = password.value + salt
    for _ in range(iterations):
        found = hashlib.new(hash_name, found).digest()
    return found


def key_length_of(scheme: Element) -> int:
    """Return the length of key that PBKDF2's parameters ask for, 0 if none: the number behind that of the iterations.

    :raises Malformed: if its parameters are none
    """
    _, parameters = named(scheme)
    numbers = [ber.integer(element) for element in ber.children(parameters or scheme) if element.is_a(ber.INTEGER)]
    return numbers[1] if len(numbers) > 1 and 0 < numbers[1] <= _LONGEST_KEY else 0


def pkcs5(scheme: Element, password: Secret, length: int) -> bytes:
    """Return a key of *length* octets by the derivation that *scheme* names, PBKDF2 (RFC 8018) or scrypt (RFC 7914).

    :raises Malformed: if its parameters are none
    :raises UnknownProtection: if it is another derivation
    :raises UnreadablePfx: if it asks for too much
    """
    kind, parameters, *_ = named(scheme)
    if kind not in {PBKDF2, _SCRYPT} or parameters is None:
        raise UnknownProtection(kind)
    salt, *more = ber.children(parameters)
    numbers = [ber.integer(element) for element in more if element.is_a(ber.INTEGER)]
    if not numbers or min(numbers) < 1:
        raise Malformed
    try:
        if kind == _SCRYPT:
            return _scrypt(password, ber.octets(salt), numbers, length)
        prf = next((named(element)[0] for element in more if element.is_a(ber.SEQUENCE)), "1.2.840.113549.2.7")
        return hashlib.pbkdf2_hmac(known(HMACS, prf), password.value, ber.octets(salt), numbers[0], length)
    except OverflowError:
        raise UnreadablePfx(Problem.TOO_MUCH_WORK) from None


def named(algorithm: Element) -> tuple[str, Element | None]:
    """Return an AlgorithmIdentifier's OID and parameters.

    :raises Malformed: if it is none
    """
    kind, *parameters = ber.children(algorithm) or [algorithm]
    return ber.oid(kind), parameters[0] if parameters else None


def known(table: dict[str, str], kind: str) -> str:
    """Return what *table* has for *kind*.

    :raises UnknownProtection: naming what it has not
    """
    if kind not in table:
        raise UnknownProtection(kind)
    return table[kind]


def _scrypt(password: Secret, salt: bytes, numbers: list[int], length: int) -> bytes:
    cost, block, parallel, *_ = (*numbers, 0, 0)
    if not block or not 0 < parallel <= _MOST_BLOCKS or 128 * cost * block > _SCRYPT_MEMORY:
        raise UnreadablePfx(Problem.TOO_MUCH_WORK)
    try:
        return hashlib.scrypt(password.value, salt=salt, n=cost, r=block, p=parallel, maxmem=2 * _SCRYPT_MEMORY, dklen=length)
    except ValueError:  # a cost that is no power of two
        raise Malformed from None


def _filled(octets: bytes, block: int) -> bytes:
    """Return *octets* repeated to a multiple of *block*."""
    whole = -(-len(octets) // block) * block
    return (octets * (whole // len(octets) + 1))[:whole] if octets else b""


def _latin_1(typed: str) -> bytes:
    return bytes(ord(character) & 0xFF for character in typed)


def _distinct(spellings: list[bytes]) -> tuple[Secret, ...]:
    return tuple(Secret(spelling) for spelling in dict.fromkeys(spellings))
