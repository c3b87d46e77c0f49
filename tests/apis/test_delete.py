"""Deleting an API."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apis.models import Api, Subscription
from portal.models import Activity, Event
from tests.makers import make_api, make_counts, make_subscription

pytestmark = pytest.mark.django_db


def test_the_question_names_the_subscriptions_that_go_with_it(signed_in: Client) -> None:
    make_subscription("mobile-app", api=make_api("orders"))
    make_subscription("all")
    page = signed_in.get("/apis/orders/delete/").content.decode()
    assert "/subscriptions/mobile-app/" in page
    assert "/subscriptions/all/" not in page
    assert Api.objects.exists()


def test_the_question_says_whom_it_hits_by_todays_calls(signed_in: Client) -> None:
    api = make_api("orders")
    make_subscription("mobile-app", api=api)
    assert "0 calls in the last 24 hours" in signed_in.get("/apis/orders/delete/").content.decode()
    make_counts(api, ok=1200, no_answer=34)
    make_counts(api, minutes_ago=30 * 60, ok=99)
    page = signed_in.get("/apis/orders/delete/").content.decode()
    for words in ("1,234 calls in the last 24 hours", "The last one:", "1 operation", "1 subscription that opens nothing else", "2 keys"):
        assert words in page


def test_it_goes_with_its_subscriptions_and_the_log_says_which(signed_in: Client, publisher: User) -> None:
    make_subscription("mobile-app", api=make_api("orders"))
    make_subscription("all")
    answer = signed_in.post("/apis/orders/delete/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/apis/")
    assert not Api.objects.exists()
    assert list(Subscription.objects.values_list("name", flat=True)) == ["all"]
    line = Activity.objects.get(event=Event.API_DELETED)
    assert (line.actor, line.details["subscriptions"]) == (publisher, ["mobile-app"])


def test_what_is_gone_is_404(signed_in: Client) -> None:
    assert signed_in.post("/apis/orders/delete/").status_code == 404


def test_viewers_may_not(client: Client, viewer: User) -> None:
    make_api("orders")
    client.force_login(viewer)
    assert client.post("/apis/orders/delete/").status_code == 403
    assert Api.objects.exists()
