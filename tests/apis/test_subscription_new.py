"""Adding a subscription."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apis.models import Subscription
from portal.models import Activity, Event
from tests.apis.bulk import many_apis
from tests.makers import make_api, make_subscription

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
URL = "/subscriptions/new/"


def test_it_opens_one_api_or_all(signed_in: Client, publisher: User) -> None:
    api = make_api("orders")
    answer = signed_in.post(URL, {"display_name": "Mobile app", "name": "mobile", "scope": "api:orders"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/subscriptions/mobile/")
    assert signed_in.post(URL, {"display_name": "Partner", "name": "", "scope": "all-apis"}).status_code == 303
    assert Subscription.objects.get(name="mobile").api == api
    partner = Subscription.objects.get(name="partner")
    assert partner.api is None
    assert partner.keys.count() == 2
    assert Activity.objects.filter(event=Event.SUBSCRIPTION_CREATED, actor=publisher).count() == 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("display_name", "", "This field is required."),
        ("display_name", "x" * 101, "at most 100"),
        ("name", "taken", "already has this name"),
        ("name", "new", "cannot be a name"),
        ("scope", "", "This field is required."),
        ("scope", "api:nowhere", "Choose all APIs"),
        ("scope", "nowhere", "Choose all APIs"),
    ],
)
def test_a_mistake_is_told_at_its_field(signed_in: Client, field: str, value: str, words: str) -> None:
    make_subscription("taken", api=make_api("orders"))
    answer = signed_in.post(URL, {"display_name": "Mobile", "name": "mobile", "scope": "all-apis"} | {field: value})
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert words in answer.content.decode()


def test_the_address_may_choose_the_api(signed_in: Client) -> None:
    make_api("orders")
    assert '<option value="api:orders" selected>' in signed_in.get(URL, {"scope": "api:orders"}).content.decode()


def test_five_thousand_apis_are_searched_instead_of_listed(
    signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    many_apis(5000)
    with django_assert_max_num_queries(12):
        page = signed_in.get(URL).content
    assert len(page) < 60_000
    found = signed_in.get("/subscriptions/suggestions/scopes/", {"scope": "api:many-0499"}).content.decode()
    assert 'data-value="Many 04999 – /many/04999"' in found
    assert signed_in.post(URL, {"display_name": "Mobile", "scope": "api:many-04999"}).status_code == 303


def test_viewers_may_not(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    assert client.get(URL).status_code == 403


def test_suggestions_for_nonsense_are_none(signed_in: Client) -> None:
    make_api("orders")
    page = signed_in.get("/subscriptions/suggestions/scopes/", {"scope": "api:\0orders"})
    assert page.status_code == 200
