"""Security → Sources: what certificates renew themselves from, and which of them fail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from certificates.sources.models import Source, SourceKind
from tests.makers import make_certificate

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db
PAGE = "/security/sources/"


def make_source(name: str, *, path: str = "", failing: bool = False) -> Source:
    since = timezone.now() - timedelta(hours=3) if failing else None
    settings = {"path": path} if path else {"directory": "https://acme.example.com/directory", "names": f"{name}.example.com"}
    kind = SourceKind.WATCHED if path else SourceKind.ACME
    return Source.objects.create(certificate=make_certificate(name), kind=kind, settings=settings, failing_since=since)


def _page(client: Client, **asked: str) -> str:
    return client.get(PAGE, asked).content.decode()


def test_it_shows_where_each_certificate_comes_from(signed_in: Client) -> None:
    make_source("orders", path="/secrets/orders")
    make_source("billing")
    page = _page(signed_in)
    for words in ("/secrets/orders", "https://acme.example.com/directory", "Watched place", "ACME"):
        assert words in page
    assert 'href="/security/client-certificates/orders/"' in page


def test_those_that_fail_are_chosen_by_a_press(signed_in: Client) -> None:
    make_source("orders", path="/secrets/orders", failing=True)
    make_source("billing")
    assert '<a class="chip bad" href="?show=failing"' in _page(signed_in)
    page = _page(signed_in, show="failing")
    assert "/secrets/orders" in page
    assert "3 hours ago" in page
    assert "https://acme.example.com" not in page


@pytest.mark.parametrize("words", ["orders", "/secrets", "CN=orders"])
def test_one_is_found_by_its_name_subject_or_place(signed_in: Client, words: str) -> None:
    make_source("orders", path="/secrets/orders")
    make_source("billing")
    page = _page(signed_in, q=words)
    assert "/secrets/orders" in page
    assert ">billing<" not in page


def test_without_any_it_says_how_there_comes_to_be_one(signed_in: Client) -> None:
    assert "No certificate renews itself yet" in _page(signed_in)


def test_the_number_of_queries_does_not_grow(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(12):
        make_source(f"entry-{number}", path=f"/secrets/{number}")
    with django_assert_max_num_queries(9):
        signed_in.get(PAGE)


def test_the_pages_of_security_are_tabs_the_first_of_which_is_client_certificates(signed_in: Client) -> None:
    page = _page(signed_in)
    tabs = page[page.index('class="tabs"') :].partition("</nav>")[0]
    places = [tabs.index(name) for name in ("Client certificates", "Server certificates", "Trusted authorities", "Sources")]
    assert places == sorted(places)
    menu = page[page.index('class="menu"') :].partition("</nav>")[0]
    assert menu.index('href="/security/client-certificates/"') < menu.index("Security")
