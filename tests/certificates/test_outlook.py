"""Which certificates break at their next renewal, because their authority ends those for clients."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import pytest
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from certificates.facts import Facts
from certificates.judgement import Ending, Purpose, breaks_at_renewal, ending_of
from certificates.judgement.outlook import _endings
from kit.issuing import issue

BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def _ending(
    organization: str, *, purposes: tuple[ObjectIdentifier, ...] = BOTH, hosts: tuple[str, ...] = ("orders.example.com",)
) -> Ending | None:
    root = issue("Root", authority=True, organization=organization)
    issued = issue("orders", by=root, purposes=purposes, hosts=hosts)
    return ending_of([Facts.of(issued.der)], Purpose.CLIENT)


@pytest.mark.parametrize(
    ("organization", "authority", "ends"),
    [
        ("Let's Encrypt", "Let's Encrypt", date(2026, 5, 13)),
        ("let's encrypt", "Let's Encrypt", date(2026, 5, 13)),
        ("Sectigo Limited", "Sectigo", date(2026, 5, 15)),
        ("Unizeto Technologies S.A.", "Certum", date(2026, 5, 15)),
        ("DigiCert, Inc.", "DigiCert", date(2027, 3, 1)),
        ("DigiCert Inc", "DigiCert", date(2027, 3, 1)),
        ("Google Trust Services", "Google Trust Services", date(2027, 3, 15)),
        ("GlobalSign nv-sa", "GlobalSign nv-sa", date(2027, 3, 15)),
        ("Entrust, Inc.", "Entrust, Inc.", date(2027, 3, 15)),
    ],
)
def test_a_public_authoritys_certificate_for_servers_and_clients_has_an_end(organization: str, authority: str, ends: date) -> None:
    ending = _ending(organization)
    assert ending
    assert (ending.authority, ending.ends) == (authority, ends)


@pytest.mark.parametrize("organization", ["Example", "Let's Encrypt Fans", "DigiCert Inc of Example"])
def test_an_authority_that_has_told_of_no_end_has_none(organization: str) -> None:
    assert _ending(organization) is None


def test_what_is_for_clients_alone_or_names_no_host_goes_on() -> None:
    assert _ending("DigiCert Inc", purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)) is None
    assert _ending("DigiCert Inc", purposes=()) is None
    assert _ending("DigiCert Inc", purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)) is None
    assert _ending("DigiCert Inc", hosts=()) is None


def test_servers_go_on() -> None:
    issued = issue("orders", by=issue("R", authority=True, organization="Let's Encrypt"), purposes=BOTH, hosts=("orders.example.com",))
    assert ending_of([Facts.of(issued.der)], Purpose.SERVER) is None


def test_the_authority_is_found_above_a_resellers_one() -> None:
    root = issue("Root", authority=True, organization="Sectigo Limited")
    reseller = issue("Reseller", by=root, authority=True, organization="Example Hosting")
    issued = issue("orders", by=reseller, purposes=BOTH, hosts=("orders.example.com",))
    path = [Facts.of(der) for der in (issued.der, reseller.der)]
    ending = ending_of(path, Purpose.CLIENT)
    assert ending
    assert ending.authority == "Sectigo"
    assert ending_of(path[:1], Purpose.CLIENT) is None


@pytest.mark.parametrize(("not_after", "breaks"), [(datetime(2027, 3, 14, tzinfo=UTC), False), (datetime(2027, 3, 15, tzinfo=UTC), True)])
def test_a_renewal_before_the_end_does_not_break(not_after: datetime, breaks: bool) -> None:
    ending = _ending("GlobalSign nv-sa")
    assert ending
    assert breaks_at_renewal(ending, not_after) is breaks


def test_each_date_has_its_source_and_is_in_order() -> None:
    for ending in _endings().values():
        assert ending.default_ends <= ending.ends
        assert urlsplit(ending.source).scheme == "https"
