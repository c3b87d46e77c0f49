"""What a file is: PKCS#12, its base64 text, PEM, or something else, which is named. [pure]"""

from __future__ import annotations

import base64
import binascii
import codecs
import re

from certificates import ber
from certificates.ber import Element, Malformed
from certificates.pfx.model import Problem, UnreadablePfx
from certificates.pfx.structure import VERSION_3

PEM_BEGIN = b"-----BEGIN "
_SIGNED = "1.2.840.113549.1.7.2"  # what .p7b files are
_LONG_LENGTH = 0x80  # the bit that says the next octets hold the length; alone: indefinite
_SEQUENCE = 0x30
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_WRAPPINGS = 3  # base64 in base64, as scripts do that encode what is encoded already
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def unwrapped(data: bytes) -> bytes:
    """Return the file within *data*: text in UTF-8 without its mark, what a base64 text stands for, else *data* as it is."""
    for _ in range(_WRAPPINGS + 1):
        text = _as_utf8(data)
        if PEM_BEGIN in text:
            return text
        if (decoded := _decoded(text)) is None:
            break
        data = decoded
    return data


def pkcs12_in(data: bytes) -> Element:
    """Return the outermost element of the PKCS#12 file *data*.

    :raises UnreadablePfx: if it is something else, or cut off
    """
    _refuse_other_formats(data)
    try:
        outermost = ber.sole(data)
    except Malformed:
        raise UnreadablePfx(_what_broken_data_is(data)) from None
    if not outermost.content.startswith(VERSION_3):
        raise UnreadablePfx(Problem.DER, _what_der_is(outermost))
    return outermost


def is_pkcs12(data: bytes) -> bool:
    """Tell whether *data* looks like a whole PKCS#12 file."""
    try:
        return bool(pkcs12_in(data))
    except UnreadablePfx:
        return False


def _as_utf8(data: bytes) -> bytes:
    """Return text as UTF-8 without a byte order mark; PowerShell writes UTF-16."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace").encode()
    if data[1:2] == b"\0" and data[3:4] == b"\0" and data[:1] != b"0":
        return data.decode("utf-16-le", "replace").encode()
    return data.removeprefix(codecs.BOM_UTF8)


def _decoded(text: bytes) -> bytes | None:
    """Return what a base64 text stands for, ``None`` if it is none: spaces, quotes and a ``data:`` address around it do not matter."""
    bare = re.sub(rb"\Adata:[^,]*,", b"", b"".join(text.split()).strip(b"\"'"))
    if not _BASE64.fullmatch(bare):
        return None
    letters = bare.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        decoded = base64.b64decode(letters + b"=" * (-len(letters) % 4), validate=True)
    except binascii.Error:
        return None
    return decoded if decoded[0] == _SEQUENCE or _BASE64.fullmatch(b"".join(decoded.split())) or PEM_BEGIN in decoded else None


def _refuse_other_formats(data: bytes) -> None:
    if not data.strip():
        raise UnreadablePfx(Problem.EMPTY)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise UnreadablePfx(Problem.ZIP)
    if data.startswith((b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")):
        raise UnreadablePfx(Problem.JKS)
    if data[0] != _SEQUENCE:
        raise UnreadablePfx(Problem.NOT_PKCS12)


def _what_broken_data_is(data: bytes) -> Problem:
    """Tell a file that was cut off from one that never was PKCS#12, and from one that is damaged inside."""
    if len(data) == 1:
        return Problem.TRUNCATED
    indefinite = data[1] == _LONG_LENGTH
    long = data[1] & ~_LONG_LENGTH if data[1] & _LONG_LENGTH else 0
    inside = data[2 + long :][: len(VERSION_3)]
    if long > 4 or not VERSION_3.startswith(inside):  # noqa: PLR2004 - octets that hold the length of up to 4 GB
        return Problem.NOT_PKCS12
    return Problem.DAMAGED if indefinite and data.endswith(b"\0\0") else Problem.TRUNCATED


def _what_der_is(outermost: Element) -> str:
    """Return ``certificate``, ``key``, ``bundle`` (PKCS#7) or nothing."""
    try:
        first, *others = ber.children(outermost) or [outermost]
        if first.is_a(ber.OID):
            return "bundle" if ber.oid(first) == _SIGNED else ""
    except Malformed:
        raise UnreadablePfx(Problem.NOT_PKCS12) from None
    if first.is_a(ber.INTEGER):
        return "key"
    if first.is_a(ber.SEQUENCE) and others:
        return "key" if others[0].is_a(ber.OCTETS) else "certificate"
    return ""
