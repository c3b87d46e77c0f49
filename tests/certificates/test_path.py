"""Of several certificates in a file: which one is presented, what is sent above it, and why the others are not."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certificates.pfx import Pfx, Reason, password_of
from certificates.pfx.reading import read
from kit.issuing import Issued, issue, rsa_key
from tests.certificates import files, odd

NOW = datetime(2026, 11, 26, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


def days(number: int) -> datetime:
    return NOW + timedelta(days=number)


def opened(leaf: Issued, *certificates: Issued) -> Pfx:
    """Return what a file with these certificates, in this order, gives."""
    return read(files.key_with(leaf, *certificates), password_of("secret"), now=NOW)


def reasons(pfx: Pfx) -> dict[str, Reason]:
    return {one.thumbprint: one.reason for one in pfx.aside}


def client(before: int, after: int, by: Issued | None = None) -> Issued:
    """Return a certificate of the one key that is valid from and until so many days from now."""
    return issue("client", by=by, key=KEY, not_before=days(before), not_after=days(after))


@pytest.mark.parametrize(
    ("presented", "other", "reason"),
    [
        ((-40, 300), (-30, -1), Reason.SAME_KEY_EXPIRED),  # the one that began later has expired
        ((-300, 10), (5, 300), Reason.SAME_KEY_NOT_YET_VALID),
        ((-300, 10), (-400, -10), Reason.SAME_KEY_EXPIRED),
        ((-10, 100), (-300, 200), Reason.SAME_KEY),  # both are valid: a renewal
        ((1, 100), (-300, -1), Reason.SAME_KEY_EXPIRED),  # none is valid: the one that will be
    ],
)
def test_of_several_certificates_of_the_key_the_one_valid_now_is_presented(
    presented: tuple[int, int], other: tuple[int, int], reason: Reason
) -> None:
    chosen, left = client(*presented), client(*other)
    for order in ((chosen, left), (left, chosen)):
        pfx = opened(chosen, *order)
        assert (pfx.certificate, pfx.chain) == (chosen.der, ())
        assert reasons(pfx) == {left.thumbprint: reason}


def test_a_certificate_of_the_key_that_the_gateway_does_not_load_is_not_presented() -> None:
    good = issue("client", key=KEY, not_before=days(-300))
    strange = odd.odd(version=b"", key=Issued(certificate=good.certificate, key=KEY), not_before=(odd.UTC_TIME, b"261101000000Z"))
    bags = [files.certificate_bag(der) for der in (strange.der, good.der)]
    file = files.file_of(files.encrypted(*bags), files.plain(files.shrouded_key(good.key_der)))
    assert read(file, password_of("secret"), now=NOW).certificate == good.der


def authority(name: str, key: ec.EllipticCurvePrivateKey, before: int, after: int, by: Issued | None = None) -> Issued:
    return issue(name, authority=True, key=key, by=by, not_before=days(before), not_after=days(after))


@pytest.mark.parametrize(
    ("sent", "other", "reason"),
    [
        ((-10, 900), (-900, -10), Reason.SAME_ISSUER_EXPIRED),
        ((-900, 10), (10, 900), Reason.SAME_ISSUER_NOT_YET_VALID),
        ((-900, 900), (-10, 100), Reason.SAME_ISSUER),
    ],
)
def test_of_several_certificates_of_an_issuer_the_valid_one_is_sent(sent: tuple[int, int], other: tuple[int, int], reason: Reason) -> None:
    root, key = issue("root", authority=True), ec.generate_private_key(ec.SECP256R1())
    chosen, left = authority("middle", key, *sent, by=root), authority("middle", key, *other, by=root)
    leaf = client(-10, 100, by=chosen)
    for order in itertools.permutations((leaf, chosen, left, root)):
        pfx = opened(leaf, *order)
        assert pfx.chain == (chosen.der, root.der)
        assert reasons(pfx) == {left.thumbprint: reason}


def test_an_expired_root_does_not_hide_its_renewal_and_a_root_has_nothing_above_it() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    old, new = authority("root", key, -900, -10), authority("root", key, -10, 900)
    leaf = client(-10, 100, by=new)
    pfx = opened(leaf, old, leaf, new)
    assert pfx.chain == (new.der,)
    assert reasons(pfx) == {old.thumbprint: Reason.SAME_ISSUER_EXPIRED}


def test_only_the_path_is_sent_and_the_rest_is_listed_in_the_order_of_the_file() -> None:
    root, stranger, another = (issue(name, authority=True) for name in ("root", "stranger", "another"))
    leaf = client(-10, 100, by=root)
    pfx = opened(leaf, stranger, root, leaf, another)
    assert pfx.chain == (root.der,)
    assert [(one.name, one.reason) for one in pfx.aside] == [
        ("CN=stranger, O=Example", Reason.NO_LINK),
        ("CN=another, O=Example", Reason.NO_LINK),
    ]


def test_authorities_that_certify_each_other_make_no_endless_path() -> None:
    one_key, other_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    one, other = authority("one", one_key, -10, 100), authority("other", other_key, -10, 100)
    crossed, back = authority("one", one_key, -10, 200, by=other), authority("other", other_key, -10, 200, by=one)
    leaf = client(-10, 100, by=one)
    assert opened(leaf, leaf, crossed, back).chain == (crossed.der, back.der)


@pytest.mark.parametrize("tag", [odd.UTF8, odd.PRINTABLE, odd.IA5])
def test_an_issuer_is_found_whatever_string_type_case_and_spaces_its_name_has(tag: int) -> None:
    root = issue("Root CA", authority=True)
    leaf = odd.odd(
        by=root, issuer=odd.name((odd.ORGANIZATION, tag, b"EXAMPLE"), (odd.COMMON_NAME, tag, b"root  ca")), key=issue("client", key=KEY)
    )
    bags = [files.certificate_bag(der) for der in (root.der, leaf.der)]
    file = files.file_of(files.encrypted(*bags), files.plain(files.shrouded_key(leaf.key.key_der)))
    assert read(file, password_of("secret"), now=NOW).chain == (root.der,)


def test_an_rsa_authority_is_found_too() -> None:
    root = issue("root", authority=True, key=rsa_key())
    leaf = client(-10, 100, by=root)
    assert opened(leaf, root, leaf).chain == (root.der,)
