"""What a file looks like before any key is derived: is it PKCS#12 at all, how much work does it ask for, what parts has it. [pure]

PKCS#12 is RFC 7292. Structures are walked as BER, a superset of DER: some exports use indefinite lengths.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from asn1crypto import parser

from certificates.pfx.model import Problem, UnreadablePfx

_INTEGER, _OCTETS, _OID, _SEQUENCE = 2, 4, 6, 16
_CONTEXT = 2  # the class of [0]
_DEEPEST = 40  # nested elements; real files have about 12
_DATA = bytes.fromhex("2a864886f70d010701")  # 1.2.840.113549.1.7.1
_ENCRYPTED = bytes.fromhex("2a864886f70d010706")  # 1.2.840.113549.1.7.6
_SIGNED = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2, what .p7b files are
_PLAIN_KEY = bytes.fromhex("2a864886f70d010c0a0101")  # 1.2.840.113549.1.12.10.1.1
_SHROUDED_KEY = bytes.fromhex("2a864886f70d010c0a0102")  # 1.2.840.113549.1.12.10.1.2
_VERSION_3 = b"\x02\x01\x03"
_LONG_LENGTH = 0x80  # the bit that says the next octets hold the length; alone: indefinite


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One piece of a file that opens alone: an encrypted collection, or one bag of a plain one."""

    file: bytes  # a PKCS#12 file without a MAC that holds only this piece
    encrypted: bool
    is_collection: bool = False  # an encrypted one; whether it holds a key does not show from outside
    is_key_bag: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A PKCS#12 file as seen from outside."""

    iterations: int  # of all key derivations that show from outside
    parts: tuple[Part, ...]


class _Element(NamedTuple):
    """A BER element: its class and tag, its content, and all of its octets."""

    tag_class: int
    constructed: bool
    tag: int
    content: bytes
    octets: bytes

    def is_a(self, tag: int) -> bool:
        """Tell whether it is a universal type."""
        return self.tag_class == 0 and self.tag == tag


class _Malformed(Exception):
    """Octets that are not the structure they should be."""


def look(data: bytes) -> Structure:
    """Return the structure of the PKCS#12 file *data*.

    :raises UnreadablePfx: if it is something else, cut off, or malformed
    """
    _refuse_other_formats(data)
    try:
        outermost = _sole(data)
    except _Malformed:
        raise UnreadablePfx(_what_broken_data_is(data)) from None
    if not outermost.content.startswith(_VERSION_3):
        raise UnreadablePfx(Problem.DER, _what_der_is(outermost))
    try:
        _, auth_safe, *mac = _children(outermost.content)
        contents = list(_contents(auth_safe))
        parts = tuple(part for content in contents for part in _parts(content))
        iterations = sum(_iterations(element) for element in (*contents, *mac, *_plain_collections(contents)))
    except (_Malformed, ValueError):
        raise UnreadablePfx(Problem.DAMAGED) from None
    return Structure(iterations=iterations, parts=parts)


def _refuse_other_formats(data: bytes) -> None:
    if not data.strip():
        raise UnreadablePfx(Problem.EMPTY)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise UnreadablePfx(Problem.ZIP)
    if data.startswith((b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")):
        raise UnreadablePfx(Problem.JKS)
    if data[0] != 0x30:  # noqa: PLR2004 - a SEQUENCE
        # Without zeros: PowerShell writes text as UTF-16.
        raise UnreadablePfx(Problem.PEM if b"-----BEGIN " in data.replace(b"\0", b"") else Problem.NOT_PKCS12)


def _what_broken_data_is(data: bytes) -> Problem:
    """Tell a file that was cut off from one that never was PKCS#12, and from one that is damaged inside."""
    if len(data) == 1:
        return Problem.TRUNCATED
    indefinite = data[1] == _LONG_LENGTH
    long = data[1] & ~_LONG_LENGTH if data[1] & _LONG_LENGTH else 0
    inside = data[2 + long :][: len(_VERSION_3)]
    if long > 4 or not _VERSION_3.startswith(inside):  # noqa: PLR2004 - octets that hold the length of up to 4 GB
        return Problem.NOT_PKCS12
    return Problem.DAMAGED if indefinite and data.endswith(b"\0\0") else Problem.TRUNCATED


def _what_der_is(outermost: _Element) -> str:
    """Return ``certificate``, ``key``, ``bundle`` (PKCS#7) or nothing."""
    try:
        first, *others = _children(outermost.content)
    except (_Malformed, ValueError):
        raise UnreadablePfx(Problem.NOT_PKCS12) from None
    if first.is_a(_INTEGER):
        return "key"
    if first.is_a(_OID):
        return "bundle" if first.content == _SIGNED else ""
    if first.is_a(_SEQUENCE) and others:
        return "key" if others[0].is_a(_OCTETS) else "certificate"
    return ""


def _sole(data: bytes) -> _Element:
    """Return the element that *data* begins with."""
    try:
        tag_class, method, tag, header, content, trailer = parser.parse(data)
    except (ValueError, RecursionError) as error:
        raise _Malformed from error
    return _Element(tag_class, bool(method), tag, content, header + content + trailer)


def _children(content: bytes) -> list[_Element]:
    """Return the elements that *content* consists of."""
    elements = []
    while content:
        element = _sole(content)
        elements.append(element)
        content = content[len(element.octets) :]
    return elements


def _octets(element: _Element) -> bytes:
    """Return the value of an OCTET STRING, which BER may cut into pieces."""
    if not element.constructed:
        return element.content
    return b"".join(_octets(piece) for piece in _children(element.content))


def _contents(auth_safe: _Element) -> Iterator[_Element]:
    """Return the collections of bags that the file protects: each a ContentInfo."""
    kind, wrapped = _children(auth_safe.content)
    if kind.content != _DATA:
        raise _Malformed
    (octets,) = _children(wrapped.content)
    yield from _children(_sole(_octets(octets)).content)


def _bags(content: _Element) -> list[_Element]:
    """Return the bags of a ContentInfo, none if it is encrypted."""
    kind, wrapped, *_ = _children(content.content)
    if kind.content != _DATA:
        return []
    (octets,) = _children(wrapped.content)
    return _children(_sole(_octets(octets)).content)


def _plain_collections(contents: list[_Element]) -> Iterator[_Element]:
    for content in contents:
        yield from _bags(content)


def _parts(content: _Element) -> Iterator[Part]:
    kind, *_ = _children(content.content)
    if kind.content == _ENCRYPTED:
        yield Part(file=_file_of(content.octets), encrypted=True, is_collection=True)
    for bag in _bags(content):
        bag_kind, *_ = _children(bag.content)
        yield Part(
            file=_file_of(_content_info(_emit(_SEQUENCE, bag.octets))),
            encrypted=bag_kind.content == _SHROUDED_KEY,
            is_key_bag=bag_kind.content in {_SHROUDED_KEY, _PLAIN_KEY},
        )


def _iterations(element: _Element, depth: int = 0) -> int:
    """Return the sum of all iteration counts within *element*.

    Wherever PKCS#12, PBES1, PBES2 and PBMAC1 give one, it is the INTEGER after the salt, an OCTET STRING.
    """
    if depth > _DEEPEST:
        raise _Malformed
    if not element.constructed:
        return 0
    children = _children(element.content)
    counts = (
        max(0, int.from_bytes(count.content, signed=True))
        for salt, count in itertools.pairwise(children)
        if salt.is_a(_OCTETS) and count.is_a(_INTEGER)
    )
    return sum(counts) + sum(_iterations(child, depth + 1) for child in children)


def _file_of(content: bytes) -> bytes:
    return _emit(_SEQUENCE, _VERSION_3 + _content_info(_emit(_SEQUENCE, content)))


def _content_info(data: bytes) -> bytes:
    wrapped: bytes = parser.emit(_CONTEXT, 1, 0, _emit(_OCTETS, data))
    return _emit(_SEQUENCE, _emit(_OID, _DATA) + wrapped)


def _emit(tag: int, content: bytes) -> bytes:
    emitted: bytes = parser.emit(0, int(tag == _SEQUENCE), tag, content)
    return emitted
