"""Whatever form a certificate is written in: what the gateway's loader takes is taken, what it refuses is refused with the cause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certificates.facts import Facts
from certificates.pfx import Problem, Reason, UnreadablePfx, password_of
from certificates.pfx.reading import read
from certificates.x509 import Certificate
from kit.issuing import issue
from tests.certificates import files, odd
from tests.certificates.loader import loads
from tests.certificates.odd import BMP, COMMON_NAME, IA5, PRINTABLE, UTF8, Odd, extension, name

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def loose_file(*ders: bytes, key: bytes) -> bytes:
    """Return certificates and a key as one file that no strict parser has looked at."""
    bags = [files.certificate_bag(der) for der in ders]
    return files.file_of(files.encrypted(*bags), files.plain(files.shrouded_key(key)))


@pytest.mark.parametrize("make", odd.LOADED.values(), ids=odd.LOADED)
def test_what_the_gateway_loads_is_taken_as_it_is(make: Callable[[], Odd], tmp_path: Path) -> None:
    made = make()
    assert loads(tmp_path, made.der, made.key.key_der)
    assert read(loose_file(made.der, key=made.key.key_der), password_of("secret"), now=NOW).certificate == made.der


@pytest.mark.parametrize("make", odd.NOT_LOADED.values(), ids=odd.NOT_LOADED)
def test_what_the_gateway_does_not_load_is_refused_as_such(make: Callable[[], Odd], tmp_path: Path) -> None:
    made = make()
    assert not loads(tmp_path, made.der, made.key.key_der)
    with pytest.raises(UnreadablePfx) as caught:
        read(loose_file(made.der, key=made.key.key_der), password_of("secret"), now=NOW)
    assert caught.value.problem in {Problem.UNUSABLE_CERTIFICATE, Problem.BROKEN_CERTIFICATE}


@pytest.mark.parametrize("make", odd.NOT_LOADED.values(), ids=odd.NOT_LOADED)
def test_what_the_gateway_does_not_load_beside_a_good_one_is_left_aside(make: Callable[[], Odd]) -> None:
    good, strange = issue(), make()
    opened = read(loose_file(good.der, strange.der, key=good.key_der), password_of("secret"), now=NOW)
    assert opened.chain == ()
    assert {one.reason for one in opened.aside} <= {Reason.NOT_LOADED, Reason.NO_LINK}


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (name((COMMON_NAME, UTF8, b"a"), (odd.EMAIL, IA5, b"ops@example.com")), "emailAddress=ops@example.com, CN=a"),
        (name((odd.SERIAL_NUMBER, PRINTABLE, b"HRB 4711")), "serialNumber=HRB 4711"),
        (name((odd.ORGANIZATION_ID, UTF8, b"VATDE-123")), "organizationIdentifier=VATDE-123"),
        (name((COMMON_NAME, BMP, "订单".encode("utf-16-be"))), "CN=订单"),
        (name((bytes.fromhex("2a0304"), UTF8, b"x")), "1.2.3.4=x"),
        (name((COMMON_NAME, UTF8, b' a,"b" ')), 'CN=\\ a\\,\\"b\\"\\ '),
        (name((COMMON_NAME, 2, b"\x05")), "CN=#020105"),
        (name(), ""),
    ],
)
def test_names_are_shown_as_people_know_them(subject: bytes, shown: str) -> None:
    assert Facts.of(odd.odd(subject=subject).der).subject == shown


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ((files.tlv(0x82, b"a.example"), files.tlv(0x87, bytes([10, 0, 0, 7]))), ["a.example", "10.0.0.7"]),
        ((files.tlv(0x87, bytes(15) + b"\1"),), ["::1"]),
        ((files.tlv(0x86, b"spiffe://a/b"), files.tlv(0x81, b"x@example.com")), ["spiffe://a/b", "x@example.com"]),
        ((files.tlv(0xA3, files.tlv(0x30)), files.tlv(0x82, b"a.example")), ["x400Address", "a.example"]),
        ((files.tlv(0xA4, name((COMMON_NAME, UTF8, b"a"))),), ["CN=a"]),
        ((odd.user_principal("svc@corp.example"),), ["svc@corp.example"]),
    ],
)
def test_alternative_names_are_shown_whatever_stands_beside_them(names: tuple[bytes, ...], shown: list[str]) -> None:
    broken = extension(odd.POLICIES, b"\x30\x03\x02")
    facts = Facts.of(odd.odd(extensions=(broken, odd.alternative_names(*names))).der)
    assert [str(one) for one in facts.alternative_names] == shown
    assert Facts.of(odd.odd(subject=name(), extensions=(odd.alternative_names(*names),)).der).shown_name == shown[0]


@pytest.mark.parametrize(
    ("not_before", "moment"),
    [
        ((odd.UTC_TIME, b"260101010000+0100"), datetime(2026, 1, 1, tzinfo=UTC)),
        ((odd.UTC_TIME, b"500101000000Z"), datetime(1950, 1, 1, tzinfo=UTC)),
        ((odd.UTC_TIME, b"491231235959Z"), datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ((odd.GENERALIZED_TIME, b"00000101000000Z"), datetime(1, 1, 2, tzinfo=UTC)),
        ((odd.GENERALIZED_TIME, b"20500101000000Z"), datetime(2050, 1, 1, tzinfo=UTC)),
    ],
)
def test_dates_are_read_in_every_form(not_before: tuple[int, bytes], moment: datetime) -> None:
    assert Facts.of(odd.odd(not_before=not_before).der).not_before == moment


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x30\x03\x02\x01\x01", issue().der[:-1], issue().der + b"\0", b"\x30" * 50])
def test_what_is_no_certificate_is_none(der: bytes) -> None:
    with pytest.raises(ValueError, match="no certificate"):
        Certificate.of(der)
