"""The list of subscriptions."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.apis.bulk import many_subscriptions
from tests.makers import make_api, make_subscription

pytestmark = pytest.mark.django_db


def test_each_stands_with_what_it_opens(signed_in: Client) -> None:
    make_subscription("mobile-app", api=make_api("orders"))
    make_subscription("partner")
    page = signed_in.get("/subscriptions/").content.decode()
    for words in ("/subscriptions/mobile-app/", "/apis/orders/", "/subscriptions/partner/", "All APIs", "Active"):
        assert words in page


def test_without_any_it_says_what_to_do(signed_in: Client) -> None:
    assert "No subscriptions yet" in signed_in.get("/subscriptions/").content.decode()


def test_searching_finds_by_name_and_api(signed_in: Client) -> None:
    make_subscription("mobile-app", api=make_api("orders"))
    make_subscription("partner")
    page = signed_in.get("/subscriptions/", {"q": "orders"}).content.decode()
    assert "/subscriptions/mobile-app/" in page
    assert "/subscriptions/partner/" not in page


def test_ten_thousand_cost_as_many_queries_as_one(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    many_subscriptions(10_000, make_api("orders"))
    for asked in ({}, {"sort": "-scope", "page": "300"}, {"q": "many-0"}):
        with django_assert_max_num_queries(12):
            assert signed_in.get("/subscriptions/", asked).status_code == 200
