"""Trusted authorities in PEM."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from certificates.authorities.reading import BadAuthorities, read_authorities
from kit.issuing import Issued, issue

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> Issued:
    return issue("Example CA", authority=True)


def test_several_are_kept_once_each_and_in_their_order(authority: Issued) -> None:
    other = issue("Other CA", authority=True)
    assert (
        read_authorities(other.pem + "\n# ours\n" + authority.pem.replace("\n", "\r\n") + other.pem, now=NOW) == other.pem + authority.pem
    )


def test_a_self_signed_certificate_vouches_for_itself() -> None:
    alone = issue("localhost")
    assert read_authorities(alone.pem, now=NOW) == alone.pem


def test_each_fault_has_its_sentence(authority: Issued) -> None:
    leaf = issue("leaf", by=authority)
    old = issue("Old CA", authority=True, not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1))
    damaged = authority.pem.replace("MII", "AII", 1)
    for text, words in (
        ("hello", "in PEM form"),
        (authority.pem.replace("-----END CERTIFICATE-----", ""), "in PEM form"),
        (authority.pem + "-----BEGIN PUBLIC KEY-----", "in PEM form"),
        (authority.pem + damaged, "Certificate 2 is damaged."),
        (leaf.pem, "Certificate 1 is not an authority's"),
        (authority.pem + old.pem, "Certificate 2 has expired."),
        (authority.key_pem, "This holds a private key."),
        ("".join([authority.pem] * 51), "at most 50"),
    ):
        with pytest.raises(BadAuthorities, match=words):
            read_authorities(text, now=NOW)
