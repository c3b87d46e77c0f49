"""The bags of a PKCS#12 file (RFC 7292, section 4.2): private keys and certificates, as DER. [pure]"""

from __future__ import annotations

from dataclasses import dataclass, field

from certificates import ber
from certificates.ber import Element, Malformed
from certificates.pfx.decryption import decrypt
from certificates.pfx.derivation import Spellings, UnknownProtection
from certificates.pfx.structure import Encrypted, Structure, encrypted_in
from certificates.sealing import Secret

_PLAIN_KEY = "1.2.840.113549.1.12.10.1.1"
_SHROUDED_KEY = "1.2.840.113549.1.12.10.1.2"
_CERTIFICATE = "1.2.840.113549.1.12.10.1.3"
_SECRET = "1.2.840.113549.1.12.10.1.5"  # noqa: S105 - an OID
_NESTED = "1.2.840.113549.1.12.10.1.6"
_X509 = "1.2.840.113549.1.9.22.1"
_FOR_WINDOWS_ACCOUNTS = "1.3.6.1.4.1.311.17.4"  # the file's password, encrypted for accounts of a domain


@dataclass(slots=True)
class Found:
    """What opening the parts of a file has given so far."""

    keys: list[Secret] = field(default_factory=list)  # PKCS#8
    certificates: list[bytes] = field(default_factory=list)  # DER, in the order of the file
    opened: int = 0  # encrypted parts that the password opens
    closed_collections: int = 0  # encrypted parts that it does not open
    closed_keys: int = 0
    malformed: bool = False
    unknown: str = ""  # how a part is protected that nothing here opens

    @property
    def encrypted(self) -> bool:
        """Whether anything was."""
        return bool(self.opened or self.closed_collections or self.closed_keys)


def open_all(structure: Structure, spellings: Spellings) -> Found:
    """Return what all parts of a file give that the password opens.

    :raises UnreadablePfx: if that takes too much work
    """
    found = Found()
    for collection in structure.collections:
        if isinstance(collection, bytes):
            _take(collection, spellings, found)
        elif opened := _opened(collection, spellings, found):
            _take(opened.value, spellings, found)
        else:
            found.closed_collections += 1
    return found


def is_for_windows_accounts(structure: Structure) -> bool:
    """Tell whether the file's password is kept in it for accounts of a Windows domain."""
    plain = (one for one in structure.collections if isinstance(one, bytes))
    secrets = (bag for one in plain for bag in ber.children(ber.sole(one)) if _kind(bag) == _SECRET)
    return any(_kind(_value(bag)) == _FOR_WINDOWS_ACCOUNTS for bag in secrets)


def _take(collection: bytes, spellings: Spellings, found: Found, depth: int = 0) -> None:
    """Add what a collection of bags holds."""
    try:
        for bag in ber.children(ber.sole(collection)):
            _take_bag(bag, spellings, found, depth)
    except Malformed:
        found.malformed = True


def _take_bag(bag: Element, spellings: Spellings, found: Found, depth: int) -> None:
    match _kind(bag):
        case kind if kind == _CERTIFICATE:
            inside = _value(bag)
            if _kind(inside) == _X509:
                found.certificates.append(ber.octets(_value(inside)))
        case kind if kind == _PLAIN_KEY:
            found.keys.append(Secret(_value(bag).octets))
        case kind if kind == _SHROUDED_KEY:
            _take_key(encrypted_in(_value(bag)), spellings, found)
        case kind if kind == _NESTED and depth < ber.DEEPEST:
            _take(_value(bag).octets, spellings, found, depth + 1)


def _take_key(encrypted: Encrypted, spellings: Spellings, found: Found) -> None:
    if opened := _opened(encrypted, spellings, found):
        found.keys.append(opened)
    else:
        found.closed_keys += 1


def _opened(encrypted: Encrypted, spellings: Spellings, found: Found) -> Secret | None:
    """Return what the password opens, and note whether it does."""
    try:
        opened = decrypt(encrypted, spellings)
    except UnknownProtection as unknown:
        found.unknown = unknown.name
        return None
    except Malformed:
        found.malformed = True
        return None
    found.opened += opened is not None
    return opened


def _kind(bag: Element) -> str:
    return ber.oid(ber.first(ber.children(bag)))


def _value(bag: Element) -> Element:
    """Return what stands in a bag, within its [0]."""
    _, *more = ber.children(bag)
    return ber.first(ber.children(ber.first(more)))
