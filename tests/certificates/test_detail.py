"""One certificate's page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions as api_actions
from apis.models import Credentials
from certificates import actions
from certificates.sources.models import Source
from tests.makers import issue, make_api, make_certificate

pytestmark = pytest.mark.django_db
PAGE = "/security/client-certificates/orders-client/"


def test_it_shows_what_the_certificate_says_about_itself(signed_in: Client) -> None:
    root = issue("root", authority=True)
    middle = issue("middle", by=root, authority=True)
    issued = issue("orders-client", by=middle, hosts=("orders.example.com", "10.0.0.7"))
    make_certificate(issued=issued)
    page = signed_in.get(PAGE).content.decode()
    for fact in (
        "CN=orders-client, O=Example",
        "CN=middle, O=Example",
        "orders.example.com",
        "10.0.0.7",
        "P-256",
        f"{issued.certificate.serial_number:X}",
        f'title="{issued.thumbprint}"',
        issued.certificate.fingerprint(hashes.SHA256()).hex().upper(),
    ):
        assert fact in page
    assert "Self-signed" not in page


def test_names_from_a_certificate_are_text_not_markup(signed_in: Client) -> None:
    make_certificate("orders-client", issue("<script>alert(1)</script>", hosts=("<b>x</b>.example.com",)))
    page = signed_in.get(PAGE).content
    assert b"<script>alert" not in page
    assert b"<b>x</b>" not in page


def test_it_links_the_apis_that_present_it(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    certificate = make_certificate()
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    for number in range(52):
        api_actions.secure_api(make_api(f"api-{number:02}"), chosen, by=None, now=timezone.now())
    with django_assert_max_num_queries(31):
        page = signed_in.get(PAGE).content.decode()
    assert 'href="/apis/api-00/security/"' in page
    assert "and 2 more" in page


def test_it_lists_the_versions_and_offers_to_roll_back(signed_in: Client, client: Client, viewer: User) -> None:
    certificate = make_certificate()
    actions.replace(certificate, issue("renewed").as_pfx(), by=None, now=timezone.now())
    page = signed_in.get(PAGE).content.decode()
    assert "Current" in page
    assert '<input type="hidden" name="version" value="1">' in page
    assert '<input type="hidden" name="version" value="2">' not in page
    client.force_login(viewer)
    assert "roll-back" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [(-9, 9, "expires soon"), (-9, -1, "has expired"), (1, 90, "is not valid yet")],
)
def test_outside_its_validity_it_warns(signed_in: Client, before: int, after: int, words: str) -> None:
    now = datetime.now(UTC)
    make_certificate(issued=issue(not_before=now + timedelta(days=before), not_after=now + timedelta(days=after)))
    assert words in signed_in.get(PAGE).content.decode()


def test_what_is_not_there_is_not_found(signed_in: Client) -> None:
    assert signed_in.get(PAGE).status_code == 404


def test_the_private_key_is_on_no_page(signed_in: Client) -> None:
    issued = issue()
    make_certificate(issued=issued)
    page = signed_in.get(PAGE).content
    assert "".join(issued.key_pem.splitlines()[1:-1])[:40].encode() not in page


def test_a_certificate_from_the_end_of_time_is_shown(signed_in: Client) -> None:
    make_certificate(issued=issue(not_after=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)))
    assert signed_in.get(PAGE).status_code == 200
    assert signed_in.get("/security/client-certificates/").status_code == 200


@pytest.mark.parametrize(("failing", "words"), [(False, "It renews itself from its source."), (True, "This certificate expires soon")])
def test_what_renews_itself_is_asked_of_nobody_unless_its_source_fails(signed_in: Client, failing: bool, words: str) -> None:
    entry = make_certificate(issued=issue("orders-client", not_after=datetime.now(UTC) + timedelta(days=20)))
    settings = {"directory": "https://acme.example.com/directory", "names": "orders.example.com"}
    Source.objects.create(certificate=entry, kind="acme", settings=settings, failing_since=timezone.now() if failing else None)
    assert words in signed_in.get(PAGE).content.decode()
