"""Why back ends may refuse a certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from certificates import doubts
from certificates.facts import Facts
from certificates.judgement import Doubt, DoubtKind, Purpose, doubts_of, without_issuer
from kit.issuing import Issued, issue, rsa_key
from tests.certificates import files, odd

UNKNOWN = bytes.fromhex("2b06010401868d1f01")  # 1.3.6.1.4.1.99999.1
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def judged(*path: bytes, now: datetime = NOW) -> list[DoubtKind]:
    return [doubt.kind for doubt in doubts_of([Facts.of(der) for der in path], now=now)]


def usage(bits: int) -> bytes:
    return odd.extension(odd.KEY_USAGE, files.tlv(odd.BITS, bytes([0, bits])))


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ((), []),
        ((odd.purposes(odd.CLIENT_AUTH),), []),
        ((odd.purposes(odd.SERVER_AUTH, odd.CLIENT_AUTH), usage(0x80)), []),
        ((odd.purposes(bytes.fromhex("551d2500")),), [DoubtKind.WRONG_PURPOSE]),  # any purpose: OpenSSL refuses it
        ((odd.purposes(odd.SERVER_AUTH),), [DoubtKind.WRONG_PURPOSE]),
        ((odd.purposes(bytes.fromhex("2a0304")),), [DoubtKind.WRONG_PURPOSE]),
        ((usage(0x20),), [DoubtKind.NO_SIGNATURES]),
        ((usage(0xA0),), []),
        ((odd.purposes(odd.SERVER_AUTH), usage(0x10)), [DoubtKind.WRONG_PURPOSE, DoubtKind.NO_SIGNATURES]),
        ((odd.extension(odd.POLICIES, b"\x30\x03\x02"), odd.purposes(odd.SERVER_AUTH)), [DoubtKind.WRONG_PURPOSE]),
        ((odd.purposes(odd.CLIENT_AUTH), odd.extension(UNKNOWN, b"\x05\0", b"\xff")), [DoubtKind.UNKNOWN_EXTENSION]),
        ((odd.purposes(odd.CLIENT_AUTH), odd.extension(UNKNOWN, b"\x05\0", b"\x01")), [DoubtKind.UNKNOWN_EXTENSION]),
        ((odd.purposes(odd.CLIENT_AUTH), odd.extension(UNKNOWN, b"\x05\0", b"\0")), []),
        ((odd.purposes(odd.CLIENT_AUTH), odd.extension(UNKNOWN, b"\x05\0")), []),
        ((odd.extension(odd.CONSTRAINTS, files.tlv(files.SEQUENCE), b"\xff"),), []),
    ],
)
def test_purposes_and_key_usage_are_judged(extensions: tuple[bytes, ...], expected: list[DoubtKind]) -> None:
    assert judged(odd.odd(extensions=extensions).der) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-1, [DoubtKind.NOT_YET_VALID]), (0, []), (10, []), (11, [DoubtKind.EXPIRED])],
)
def test_dates_are_judged_by_the_clock_that_is_given(days: int, expected: list[DoubtKind]) -> None:
    certificate = issue(not_before=NOW, not_after=NOW + timedelta(days=10))
    assert judged(certificate.der, now=NOW + timedelta(days=days)) == expected


@pytest.mark.parametrize(
    ("not_before", "expected"),
    [
        ((odd.UTC_TIME, b"260101000000+0100"), [DoubtKind.DATE_WITH_OFFSET]),
        ((odd.UTC_TIME, b"260101000000-0000"), [DoubtKind.DATE_WITH_OFFSET]),
        ((odd.UTC_TIME, b"260101000000Z"), []),
    ],
)
def test_dates_with_an_offset_are_warned_of(not_before: tuple[int, bytes], expected: list[DoubtKind]) -> None:
    assert judged(odd.odd(not_before=not_before).der) == expected


def test_what_is_odd_about_an_authority_that_is_sent_along_is_warned_of_as_well() -> None:
    leaf = issue(not_before=NOW, not_after=NOW + timedelta(days=10))
    above = odd.odd(not_before=(odd.UTC_TIME, b"260101000000+0100"), extensions=(odd.extension(UNKNOWN, b"\x05\0", b"\xff"),))
    found = doubts_of([Facts.of(leaf.der), Facts.of(above.der)], now=NOW)
    assert found == (Doubt(DoubtKind.UNKNOWN_EXTENSION, "1.3.6.1.4.1.99999.1"), Doubt(DoubtKind.DATE_WITH_OFFSET))


def test_an_authority_with_a_small_key_that_is_sent_along_is_named() -> None:
    root = issue("root", authority=True, key=rsa_key(1024))  # it is warned of
    leaf = issue(by=root)
    expected = (Doubt(DoubtKind.ISSUER_WEAK, "CN=root, O=Example (RSA 1024)"),)
    assert doubts_of([Facts.of(leaf.der), Facts.of(root.der)], now=datetime.now(UTC)) == expected


def test_an_expired_authority_that_is_sent_along_is_named() -> None:
    root = issue("root", authority=True, not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1))
    leaf = issue(by=root, not_before=NOW - timedelta(days=2))
    assert doubts_of([Facts.of(leaf.der), Facts.of(root.der)], now=NOW) == (Doubt(DoubtKind.ISSUER_EXPIRED, "CN=root, O=Example"),)


@pytest.mark.parametrize(("path", "missing"), [(("leaf",), "leaf"), (("leaf", "middle"), "middle"), (("leaf", "middle", "root"), "")])
def test_the_first_missing_issuer_is_found(path: tuple[str, ...], missing: str) -> None:
    root = issue("root", authority=True)
    middle = issue("middle", by=root, authority=True)
    made: dict[str, Issued] = {"root": root, "middle": middle, "leaf": issue("leaf", by=middle)}
    found = without_issuer([Facts.of(made[name].der) for name in path])
    assert (found.common_name if found else "") == missing


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(("purpose", "never"), [(Purpose.CLIENT, {DoubtKind.NO_NAMES}), (Purpose.SERVER, set())])
def test_every_doubt_has_a_sentence_of_its_own(language: str, purpose: Purpose, never: set[DoubtKind]) -> None:
    kinds = set(DoubtKind) - never
    with translation.override(language):
        sentences = {doubts.sentence(Doubt(kind, "SHA-1 with RSA"), purpose) for kind in kinds}
    assert len(sentences) == len(kinds)
    assert not any("%(" in sentence for sentence in sentences)
