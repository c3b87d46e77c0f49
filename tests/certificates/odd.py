"""Certificates that no library of ours writes: taken apart, changed, put together and signed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from certificates import ber
from kit.issuing import Issued, issue
from tests.certificates.files import CONTEXT, INTEGER, OCTETS, OID, SEQUENCE, integer, tlv

UTC_TIME, GENERALIZED_TIME, PRINTABLE, UTF8, BMP, IA5, BOOLEAN, SET, BITS = 0x17, 0x18, 0x13, 0x0C, 0x1E, 0x16, 0x01, 0x31, 0x03
ECDSA_SHA256 = tlv(SEQUENCE, tlv(OID, bytes.fromhex("2a8648ce3d040302")))
ROOT = issue("Odd Root", authority=True)
COMMON_NAME, ORGANIZATION, EMAIL = bytes.fromhex("550403"), bytes.fromhex("55040a"), bytes.fromhex("2a864886f70d010901")
SERIAL_NUMBER, ORGANIZATION_ID = bytes.fromhex("550405"), bytes.fromhex("550461")
CONSTRAINTS, KEY_USAGE, ALTERNATIVE_NAMES, PURPOSES, POLICIES = (bytes.fromhex(f"551d{place}") for place in ("13", "0f", "11", "25", "20"))
CLIENT_AUTH, SERVER_AUTH = bytes.fromhex("2b06010505070302"), bytes.fromhex("2b06010505070301")


@dataclass(frozen=True)
class Odd:
    """A certificate with an odd form, its key, and the one that issued it."""

    der: bytes
    key: Issued

    def identity(self) -> tuple[bytes, bytes]:
        """Return leaf and PKCS#8 key."""
        return self.der, self.key.key_der


def name(*parts: tuple[bytes, int, bytes]) -> bytes:
    """Return a name of (attribute, string type, octets)."""
    return tlv(SEQUENCE, *(tlv(SET, tlv(SEQUENCE, tlv(OID, kind), tlv(tag, value))) for kind, tag, value in parts))


def extension(oid: bytes, value: bytes, critical: bytes = b"") -> bytes:
    return tlv(SEQUENCE, tlv(OID, oid), tlv(BOOLEAN, critical) if critical else b"", tlv(OCTETS, value))


def alternative_names(*names: bytes) -> bytes:
    return extension(ALTERNATIVE_NAMES, tlv(SEQUENCE, *names))


def purposes(*oids: bytes) -> bytes:
    return extension(PURPOSES, tlv(SEQUENCE, *(tlv(OID, oid) for oid in oids)))


def user_principal(text: str) -> bytes:
    value = tlv(CONTEXT, tlv(UTF8, text.encode()))
    return tlv(0xA0, tlv(OID, bytes.fromhex("2b060104018237140203")), value)


def odd(
    *,
    version: bytes = tlv(CONTEXT, integer(2)),
    serial: bytes = integer(4711),
    not_before: tuple[int, bytes] = (UTC_TIME, b"260101000000Z"),
    not_after: tuple[int, bytes] = (UTC_TIME, b"360101000000Z"),
    subject: bytes = name((COMMON_NAME, UTF8, b"odd.example")),
    issuer: bytes | None = None,
    unique_ids: bytes = b"",
    extensions: Iterable[bytes] = (purposes(CLIENT_AUTH),),
    by: Issued = ROOT,
    key: Issued | None = None,
) -> Odd:
    """Return a certificate signed by an authority, of exactly these octets."""
    key = key or issue("key")
    public = _tbs(key.der)[6].octets
    above = issuer if issuer is not None else _tbs(by.der)[5].octets
    validity = tlv(SEQUENCE, tlv(*not_before), tlv(*not_after))
    wrapped = b"".join(extensions)
    extended = tlv(0xA3, tlv(SEQUENCE, wrapped)) if wrapped else b""
    signed = tlv(SEQUENCE, version, serial, ECDSA_SHA256, above, validity, subject, public, unique_ids, extended)
    assert isinstance(by.key, ec.EllipticCurvePrivateKey)
    signature = by.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return Odd(tlv(SEQUENCE, signed, ECDSA_SHA256, tlv(BITS, b"\0", signature)), key)


def _tbs(der: bytes) -> list[ber.Element]:
    return ber.children(ber.children(ber.sole(der))[0])


_CONSTRAINED = extension(CONSTRAINTS, tlv(SEQUENCE), b"\xff")
LOADED: dict[str, Callable[[], Odd]] = {
    "PrintableString with an underscore": lambda: odd(subject=name((COMMON_NAME, PRINTABLE, b"a_b@c*"))),
    "PrintableString with Latin-1": lambda: odd(subject=name((COMMON_NAME, PRINTABLE, "Müller".encode("latin-1")))),
    "IA5String with Latin-1": lambda: odd(subject=name((EMAIL, IA5, "mül@x.example".encode("latin-1")))),
    "BMPString": lambda: odd(subject=name((COMMON_NAME, BMP, "订单".encode("utf-16-be")))),
    "TeletexString": lambda: odd(subject=name((COMMON_NAME, 0x14, "Größe".encode("latin-1")))),
    "an empty subject": lambda: odd(subject=name()),
    "an offset in UTCTime": lambda: odd(not_before=(UTC_TIME, b"260101000000+0100")),
    "the year 0": lambda: odd(not_before=(GENERALIZED_TIME, b"00000101000000Z")),
    "the end of time": lambda: odd(not_after=(GENERALIZED_TIME, b"99991231235959Z")),
    "GeneralizedTime before 2050": lambda: odd(not_after=(GENERALIZED_TIME, b"20360101000000Z")),
    "version 1 written out": lambda: odd(version=tlv(CONTEXT, integer(0)), extensions=()),
    "no version": lambda: odd(version=b"", extensions=()),
    "version 2": lambda: odd(version=tlv(CONTEXT, integer(1)), extensions=()),
    "version 2 with unique ids": lambda: odd(version=tlv(CONTEXT, integer(1)), extensions=(), unique_ids=tlv(0x81, b"\0\x01")),
    "critical FALSE written out": lambda: odd(extensions=(extension(CONSTRAINTS, tlv(SEQUENCE), b"\0"),)),
    "critical TRUE as 01": lambda: odd(extensions=(extension(CONSTRAINTS, tlv(SEQUENCE), b"\x01"),)),
    "a negative serial number": lambda: odd(serial=integer(-5)),
    "the serial number 0": lambda: odd(serial=integer(0)),
    "a long serial number": lambda: odd(serial=integer(1 << 300)),
    "an x400Address": lambda: odd(extensions=(alternative_names(tlv(0xA3, tlv(SEQUENCE)), tlv(0x82, b"a.example")),)),
    "a broken policy": lambda: odd(extensions=(extension(POLICIES, b"\x30\x03\x02"), alternative_names(tlv(0x82, b"a.example")))),
    "one extension twice": lambda: odd(extensions=(_CONSTRAINED, _CONSTRAINED)),
    "UniversalString": lambda: odd(subject=name((COMMON_NAME, 0x1C, b"\0\0\0a"))),
    "a number in the name": lambda: odd(subject=name((COMMON_NAME, 2, b"\x05"))),
    "NumericString with letters": lambda: odd(subject=name((COMMON_NAME, 0x12, b"abc"))),
    "an empty common name": lambda: odd(subject=name((COMMON_NAME, UTF8, b""))),
    "critical TRUE as 7F": lambda: odd(extensions=(extension(CONSTRAINTS, tlv(SEQUENCE), b"\x7f"),)),
    "a zero in the common name": lambda: odd(subject=name((COMMON_NAME, UTF8, b"a\0b"))),
    "no extensions": lambda: odd(extensions=()),
    "broken alternative names": lambda: odd(extensions=(extension(ALTERNATIVE_NAMES, b"\x30\x03\x02"),)),
    "broken purposes": lambda: odd(extensions=(extension(PURPOSES, b"\x04\x01\x02"),)),
    "broken constraints": lambda: odd(extensions=(extension(CONSTRAINTS, b"\x04\x01\x02"),)),
    "a negative offset": lambda: odd(not_before=(UTC_TIME, b"260101000000-2300")),
    "the 29th of February of the year 0": lambda: odd(not_before=(GENERALIZED_TIME, b"00000229000000Z")),
    "an end before the beginning": lambda: odd(not_before=(UTC_TIME, b"360101000000Z"), not_after=(UTC_TIME, b"260101000000Z")),
    "bits in the name": lambda: odd(subject=name((COMMON_NAME, BITS, b"\0\1"))),
    "a sequence in the name": lambda: odd(subject=name((COMMON_NAME, 0x30, b""))),
    "VisibleString with Latin-1": lambda: odd(subject=name((COMMON_NAME, 0x1A, b"ab\xe4"))),
}
NOT_LOADED: dict[str, Callable[[], Odd]] = {
    "version 1 with extensions": lambda: odd(version=b""),
    "version 2 with extensions": lambda: odd(version=tlv(CONTEXT, integer(1))),
    "version 4": lambda: odd(version=tlv(CONTEXT, integer(3))),
    "version 1 with unique ids": lambda: odd(version=b"", extensions=(), unique_ids=tlv(0x81, b"\0\x01")),
    "a fraction of a second": lambda: odd(not_before=(GENERALIZED_TIME, b"20260101000000.5Z")),
    "an offset in GeneralizedTime": lambda: odd(not_before=(GENERALIZED_TIME, b"20260101000000+0100")),
    "no seconds": lambda: odd(not_before=(UTC_TIME, b"2601010000Z")),
    "no time zone": lambda: odd(not_before=(GENERALIZED_TIME, b"20260101000000")),
    "the 31st of February": lambda: odd(not_before=(UTC_TIME, b"260231000000Z")),
    "UTF8String that is none": lambda: odd(subject=name((COMMON_NAME, UTF8, b"\xff\xfe"))),
    "BMPString of odd length": lambda: odd(subject=name((COMMON_NAME, BMP, b"abc"))),
    "BMPString with surrogates": lambda: odd(subject=name((COMMON_NAME, BMP, b"\xd8\x3d\xdd\x11"))),
    "BMPString with half a character": lambda: odd(subject=name((COMMON_NAME, BMP, b"\xd8\x3d"))),
    "a serial number with needless octets": lambda: odd(serial=tlv(INTEGER, b"\0\0\1")),
    "a serial number without octets": lambda: odd(serial=tlv(INTEGER, b"")),
    "a broken key usage": lambda: odd(extensions=(extension(KEY_USAGE, b"\x04\x01\x02"),)),
    "version 1 written out with unique ids": lambda: odd(version=tlv(CONTEXT, integer(0)), extensions=(), unique_ids=tlv(0x82, b"\0\x01")),
    "an offset of 25 hours": lambda: odd(not_before=(UTC_TIME, b"260101000000+2500")),
    "an offset of 70 minutes": lambda: odd(not_before=(UTC_TIME, b"260101000000+0070")),
    "the 60th second": lambda: odd(not_before=(UTC_TIME, b"260101000060Z")),
    "the 24th hour": lambda: odd(not_before=(UTC_TIME, b"260101240000Z")),
    "UTF8String with surrogates": lambda: odd(subject=name((COMMON_NAME, UTF8, b"\xed\xa0\x80"))),
    "UTF8String with a noncharacter": lambda: odd(subject=name((COMMON_NAME, UTF8, b"\xef\xbf\xbf"))),
}
