"""What a PKCS#12 file looks like before any key is derived: what its MAC covers, what it protects, how much work it asks for. [pure]

PKCS#12 is RFC 7292. Structures are walked as BER, a superset of DER: some exports use indefinite lengths.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from certificates import ber
from certificates.ber import Element, Malformed
from certificates.pfx.model import Problem, UnreadablePfx

VERSION_3 = b"\x02\x01\x03"
_DATA = "1.2.840.113549.1.7.1"
_ENCRYPTED = "1.2.840.113549.1.7.6"
_BY_PUBLIC_KEY = ("1.2.840.113549.1.7.2", "1.2.840.113549.1.7.3")  # RFC 7292, section 3.1: signed or enveloped in place of a password


@dataclass(frozen=True, slots=True)
class Encrypted:
    """Octets that a password protects."""

    algorithm: Element
    ciphertext: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mac:
    """What proves that the password is right and the file is intact."""

    algorithm: Element
    digest: bytes
    salt: bytes
    iterations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A PKCS#12 file as seen from outside."""

    covered: bytes  # by the MAC
    mac: Mac | None
    collections: tuple[bytes | Encrypted, ...]  # of bags: in the clear, or encrypted
    iterations: int  # of all key derivations that show from outside


def look(outermost: Element) -> Structure:
    """Return the structure of a PKCS#12 file.

    :raises UnreadablePfx: if it is malformed
    """
    try:
        _, auth_safe = ber.leading(outermost, 2)
        mac = ber.children(outermost)[2:3]
        covered = _data_in(auth_safe)
        contents = ber.children(ber.sole(covered))
        collections = tuple(_collection(content) for content in contents)
        plain = [bag for one in collections if isinstance(one, bytes) for bag in ber.children(ber.sole(one))]
        return Structure(
            covered=covered,
            mac=_mac(mac[0]) if mac else None,
            collections=collections,
            iterations=sum(iterations_of(element) for element in (*contents, *mac, *plain)),
        )
    except (Malformed, ValueError):
        raise UnreadablePfx(Problem.DAMAGED) from None


def encrypted_in(info: Element) -> Encrypted:
    """Return what an EncryptedPrivateKeyInfo holds (RFC 5208): an algorithm and an OCTET STRING.

    :raises Malformed: if it is something else
    """
    algorithm, ciphertext = ber.leading(info, 2)
    return Encrypted(algorithm, ber.octets(ciphertext))


def iterations_of(element: Element, depth: int = 0) -> int:
    """Return the sum of all iteration counts within *element*.

    Wherever PKCS#12, PBES1, PBES2 and PBMAC1 give one, it is the INTEGER after the salt, an OCTET STRING.

    :raises Malformed: if it is nested too deeply
    """
    if depth > ber.DEEPEST:
        raise Malformed
    if not element.constructed:
        return 0
    inside = ber.children(element)
    counts = (
        max(0, int.from_bytes(count.content, signed=True))
        for salt, count in itertools.pairwise(inside)
        if salt.is_a(ber.OCTETS) and count.is_a(ber.INTEGER)
    )
    return sum(counts) + sum(iterations_of(child, depth + 1) for child in inside)


def _collection(content: Element) -> bytes | Encrypted:
    """Return one ContentInfo's bags."""
    kind, wrapped = ber.leading(content, 2)
    if ber.oid(kind) != _ENCRYPTED:
        return _data_in(content)
    inside = ber.first(ber.children(wrapped))
    _, algorithm, ciphertext = ber.leading(ber.leading(inside, 2)[1], 3)
    return Encrypted(algorithm, ber.octets(ciphertext))


def _data_in(content: Element) -> bytes:
    """Return what a ContentInfo holds in the clear.

    :raises UnreadablePfx: if it is protected by something else than a password
    :raises Malformed: if it holds something else
    """
    kind, wrapped = ber.leading(content, 2)
    if (named := ber.oid(kind)) in _BY_PUBLIC_KEY:
        raise UnreadablePfx(Problem.UNKNOWN_PROTECTION, named)
    if named != _DATA:
        raise Malformed
    return ber.octets(ber.first(ber.children(wrapped)))


def _mac(data: Element) -> Mac:
    info, salt = ber.leading(data, 2)
    count = ber.children(data)[2:]
    algorithm, digest = ber.leading(info, 2)
    return Mac(
        algorithm=algorithm,
        digest=ber.octets(digest),
        salt=ber.octets(salt),
        iterations=ber.integer(count[0]) if count else 1,
    )
