"""ASN.1 as it comes: elements in BER, a superset of DER, and the values of the few types that certificates and PFX files use. [pure]"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

BOOLEAN, INTEGER, BITS, OCTETS, OID, SEQUENCE, SET = 1, 2, 3, 4, 6, 16, 17
UTC_TIME, GENERALIZED_TIME = 23, 24
UNIVERSAL, CONTEXT = 0, 2  # classes
DEEPEST = 40  # nested elements; real files have about 12
_CONSTRUCTED, _LONG_TAG, _MOST_TAG = 0x20, 0x1F, 0xFFFFFF
_INDEFINITE = 0x80  # as a length; above it: how many octets hold the length
_UNUSED_BITS = 7
_MOST_UCS2 = 0xFFFF
_MOST_OID_BYTES = 64  # real ones have about 11
# The universal string types and what their octets are in practice: writers put Latin-1 into the types that should hold ASCII.
_STRINGS = {12: "utf-8", 18: "latin-1", 19: "latin-1", 20: "latin-1", 22: "latin-1", 26: "latin-1", 28: "utf-32-be", 30: "utf-16-be"}


class Malformed(Exception):
    """Octets that are not the structure they should be."""


class Element(NamedTuple):
    """A BER element: its class and tag, its content, and all of its octets."""

    tag_class: int
    constructed: bool
    tag: int
    content: bytes
    octets: bytes

    def is_a(self, tag: int) -> bool:
        """Tell whether it is a universal type."""
        return self.tag_class == UNIVERSAL and self.tag == tag

    def is_tagged(self, tag: int) -> bool:
        """Tell whether it bears the context tag, as ``[0]`` is one."""
        return self.tag_class == CONTEXT and self.tag == tag


def sole(data: bytes) -> Element:
    """Return the element that *data* begins with.

    :raises Malformed: if there is none
    """
    return _element(data, 0)


def children(element: Element | bytes) -> list[Element]:
    """Return the elements that a content consists of.

    :raises Malformed: if it is something else
    """
    content = element.content if isinstance(element, Element) else element
    elements, position = [], 0
    while position < len(content):
        elements.append(_element(content, position))
        position += len(elements[-1].octets)
    return elements


def _element(data: bytes, start: int, depth: int = 0) -> Element:
    """Return the element that begins at *start*: X.690, section 8.1."""
    try:
        tag, place = _tag(data, start)
        length = data[place]
        place += 1
        if length == _INDEFINITE:
            end, behind = _end_of_contents(data, place, depth)
        else:
            if length > _INDEFINITE:
                octets_of_length = length - _INDEFINITE
                length = int.from_bytes(data[place : place + octets_of_length])
                place += octets_of_length
            end = behind = place + length
    except IndexError:
        raise Malformed from None
    if behind > len(data):
        raise Malformed
    return Element(data[start] >> 6, bool(data[start] & _CONSTRUCTED), tag, data[place:end], data[start:behind])


def _tag(data: bytes, place: int) -> tuple[int, int]:
    """Return the tag, and the place behind it; tags above 30 take octets of their own."""
    tag, place = data[place] & _LONG_TAG, place + 1
    if tag < _LONG_TAG:
        return tag, place
    tag = 0
    while True:
        octet, place = data[place], place + 1
        tag = tag << 7 | octet & 0x7F
        if not octet & 0x80:
            return tag, place
        if tag > _MOST_TAG:
            raise Malformed


def _end_of_contents(data: bytes, place: int, depth: int) -> tuple[int, int]:
    """Return where an indefinite length ends, and where the two zeros end that say so."""
    if depth > DEEPEST:
        raise Malformed
    while data[place : place + 2] != b"\0\0":
        place += len(_element(data, place, depth + 1).octets)
    return place, place + 2


def emit(tag: int, *parts: bytes) -> bytes:
    """Return a DER element of a universal type."""
    content = b"".join(parts)
    size = len(content)
    written = size.to_bytes((size.bit_length() + 7) // 8)
    length = bytes([size]) if size < _INDEFINITE else bytes([_INDEFINITE | len(written)]) + written
    return bytes([tag | (_CONSTRUCTED if tag in {SEQUENCE, SET} else 0)]) + length + content


def first(elements: list[Element]) -> Element:
    """Return the first of *elements*.

    :raises Malformed: if there is none
    """
    if not elements:
        raise Malformed
    return elements[0]


def leading(element: Element | bytes, number: int) -> list[Element]:
    """Return the first *number* elements within one.

    :raises Malformed: if there are fewer
    """
    inside = children(element)
    if len(inside) < number:
        raise Malformed
    return inside[:number]


def octets(element: Element, depth: int = 0) -> bytes:
    """Return the value of an OCTET STRING, which BER may cut into pieces.

    :raises Malformed: if its pieces are none
    """
    if not element.constructed:
        return element.content
    if depth > DEEPEST:
        raise Malformed
    return b"".join(octets(piece, depth + 1) for piece in children(element))


def integer(element: Element) -> int:
    """Return the value of an INTEGER.

    :raises Malformed: if it is none
    """
    if not element.is_a(INTEGER) or not element.content:
        raise Malformed
    return int.from_bytes(element.content, signed=True)


def is_minimal(content: bytes) -> bool:
    """Tell whether an INTEGER is written without needless octets, as DER wants it."""
    return len(content) == 1 or not ((content[0] == 0 and content[1] < 0x80) or (content[0] == 0xFF and content[1] >= 0x80))  # noqa: PLR2004 - the sign


def oid(element: Element) -> str:
    """Return an object identifier with dots: ``2.5.4.3``.

    :raises Malformed: if it is none
    """
    content = element.content
    if not content or len(content) > _MOST_OID_BYTES or content[-1] & 0x80:
        raise Malformed
    arcs, arc = [], 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, (top, arcs[0] - 40 * top, *arcs[1:])))


def bits(element: Element) -> frozenset[int]:
    """Return which bits of a BIT STRING are set, the first is 0.

    :raises Malformed: if it is none
    """
    if not element.is_a(BITS) or element.constructed or not element.content or element.content[0] > _UNUSED_BITS:
        raise Malformed
    return frozenset(8 * place + bit for place, octet in enumerate(element.content[1:]) for bit in range(8) if octet & 0x80 >> bit)


def text(element: Element) -> str:
    """Return the value of a string type, as far as it can be read; ``#`` and hex digits for what is no text (RFC 4514, section 2.4)."""
    codec = _STRINGS.get(element.tag) if element.tag_class == UNIVERSAL else None
    try:
        if codec:
            return octets(element).decode(codec)
    except (UnicodeDecodeError, Malformed):
        pass
    return f"#{element.octets.hex()}"


def is_strict_text(element: Element) -> bool:
    """Tell whether a value is no string, or one without what Unicode leaves out: surrogates and noncharacters."""
    codec = _STRINGS.get(element.tag) if element.tag_class == UNIVERSAL else None
    if codec is None:
        return True
    try:
        read = octets(element).decode(codec)
    except (UnicodeDecodeError, Malformed):
        return False
    beyond = codec == "utf-16-be" and any(ord(character) > _MOST_UCS2 for character in read)  # BMPString has no surrogates
    return not beyond and not any(_is_noncharacter(ord(character)) for character in read)


def _is_noncharacter(point: int) -> bool:
    return point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF  # noqa: PLR2004 - Unicode, section 23.7


def address(content: bytes) -> str:
    """Return an IP address of a certificate; hex digits where it is none."""
    try:
        return str(ipaddress.ip_address(content))
    except ValueError:
        return content.hex()
