"""The list of APIs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions
from apis.models import Credentials
from tests.apis.bulk import many_apis
from tests.makers import make_api, make_certificate

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


def test_an_api_stands_with_its_path_its_back_end_and_the_end_of_its_thumbprint(signed_in: Client, publisher: User) -> None:
    certificate = make_certificate("orders-client")
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    actions.secure_api(make_api("orders"), chosen, by=publisher, now=timezone.now())
    page = signed_in.get("/apis/").content.decode()
    assert certificate.current is not None
    for words in ("Orders", "/orders", "https://orders.example.com", "CN=orders-client, O=Example", certificate.current.last_four):
        assert words in page


def test_without_apis_it_says_what_to_do(signed_in: Client) -> None:
    page = signed_in.get("/apis/").content.decode()
    assert "No APIs yet" in page
    assert 'href="/apis/new/"' in page


@pytest.mark.parametrize("q", ["ORD", "orders.example", "  orders "])
def test_searching_finds_by_name_path_and_url(signed_in: Client, q: str) -> None:
    make_api("orders")
    make_api("returns", service_url="https://returns.example.com")
    page = signed_in.get("/apis/", {"q": q}).content.decode()
    assert "/apis/orders/" in page
    assert "/apis/returns/" not in page


def test_what_is_not_found_is_said_and_what_was_typed_is_kept(signed_in: Client) -> None:
    make_api("orders")
    page = signed_in.get("/apis/", {"q": "<nothing>"}).content.decode()
    assert "Nothing is found for “&lt;nothing&gt;”" in page
    assert 'value="&lt;nothing&gt;"' in page


def test_it_is_sorted_and_paged_as_the_address_says(signed_in: Client) -> None:
    many_apis(30)
    page = signed_in.get("/apis/", {"sort": "-name", "page": "2"}).content.decode()
    assert page.index("many-00004") < page.index("many-00000")
    assert "many-00005" not in page
    assert 'aria-sort="descending"' in page


@pytest.mark.parametrize("nonsense", [{"sort": "certificate__current__ciphertext"}, {"page": "-7"}, {"page": "x"}, {"q": "\0"}])
def test_an_address_that_makes_no_sense_is_answered_all_the_same(signed_in: Client, nonsense: dict[str, str]) -> None:
    make_api("orders")
    assert "/apis/orders/" in signed_in.get("/apis/", nonsense).content.decode()


def test_htmx_gets_the_list_alone_but_a_boosted_link_the_page(signed_in: Client) -> None:
    make_api("orders")
    assert b"<html" not in signed_in.get("/apis/", headers={"HX-Request": "true"}).content
    assert b"<html" in signed_in.get("/apis/", headers={"HX-Request": "true", "HX-Boosted": "true"}).content


def test_five_thousand_apis_cost_as_many_queries_as_one(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    many_apis(5000, certificate=make_certificate())
    for asked in ({}, {"q": "back-end-49", "sort": "-changed"}, {"page": "200"}):
        with django_assert_max_num_queries(MOST_QUERIES):
            assert signed_in.get("/apis/", asked).status_code == 200
