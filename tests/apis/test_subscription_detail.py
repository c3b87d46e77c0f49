"""One subscription: its keys, its state, its end."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apis.models import KeyKind, Subscription, SubscriptionState
from portal.models import Activity, Event
from tests.makers import make_api, make_counts, make_subscription

pytestmark = pytest.mark.django_db
KEY = re.compile(r"\b[0-9a-f]{32}\b")


def keys_of(subscription: Subscription) -> dict[KeyKind, str]:
    return {KeyKind(key.kind): key.unseal().value.decode() for key in subscription.keys.all()}


def test_keys_stay_hidden_until_they_are_asked_for(signed_in: Client, publisher: User) -> None:
    keys = keys_of(make_subscription("all"))
    hidden = signed_in.get("/subscriptions/all/").content.decode()
    assert not any(key in hidden for key in keys.values())
    answer = signed_in.post("/subscriptions/all/keys/")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(keys.values()) <= set(KEY.findall(answer.content.decode()))
    assert Activity.objects.get(event=Event.SUBSCRIPTION_KEY_SHOWN).actor == publisher


def test_htmx_gets_the_keys_alone(signed_in: Client) -> None:
    keys = keys_of(make_subscription("all"))
    answer = signed_in.post("/subscriptions/all/keys/", headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert all(key in answer.content.decode() for key in keys.values())


def test_reloading_the_page_with_the_keys_shows_none(signed_in: Client) -> None:
    make_subscription("all")
    answer = signed_in.get("/subscriptions/all/keys/", follow=True)
    assert answer.redirect_chain == [("/subscriptions/all/", 303)]
    assert not Activity.objects.filter(event=Event.SUBSCRIPTION_KEY_SHOWN).exists()


def test_one_key_is_regenerated_once_it_is_confirmed(signed_in: Client) -> None:
    subscription = make_subscription("all")
    before = keys_of(subscription)
    page = signed_in.get("/subscriptions/all/regenerate/", {"key": "secondary"}).content.decode()
    assert "Yes, regenerate it" in page
    assert keys_of(subscription) == before
    assert signed_in.post("/subscriptions/all/regenerate/", {"key": "secondary"}).status_code == 303
    after = keys_of(subscription)
    assert after[KeyKind.PRIMARY] == before[KeyKind.PRIMARY]
    assert after[KeyKind.SECONDARY] != before[KeyKind.SECONDARY]


@pytest.mark.parametrize("key", ["", "tertiary"])
def test_which_key_must_be_said(signed_in: Client, key: str) -> None:
    make_subscription("all")
    assert signed_in.post("/subscriptions/all/regenerate/", {"key": key}).status_code == 422


def test_it_is_suspended_and_activated(signed_in: Client) -> None:
    subscription = make_subscription("all")
    for verb, state in (("suspend", SubscriptionState.SUSPENDED), ("activate", SubscriptionState.ACTIVE)):
        assert signed_in.post(f"/subscriptions/all/{verb}/").status_code == 303
        subscription.refresh_from_db()
        assert subscription.state == state


def test_suspending_and_what_else_cuts_callers_off_asks_first_and_says_whom_it_hits(signed_in: Client) -> None:
    orders, returns = make_api("orders"), make_api("returns")
    make_subscription("partner", api=orders)
    make_subscription("all")
    make_counts(orders, ok=1200)
    make_counts(returns, ok=34)
    for verb in ("suspend", "delete", "regenerate"):
        page = signed_in.get(f"/subscriptions/partner/{verb}/", {"key": "primary"}).content.decode()
        assert "1,200 calls in the last 24 hours" in page
    page = signed_in.get("/subscriptions/all/suspend/").content.decode()
    for words in ("1,234 calls in the last 24 hours", "Yes, suspend it", "/apis/orders/", "/apis/returns/"):
        assert words in page
    assert set(Subscription.objects.values_list("state", flat=True)) == {SubscriptionState.ACTIVE}


def test_it_is_deleted_once_it_is_confirmed(signed_in: Client) -> None:
    make_subscription("all")
    assert "Yes, delete it" in signed_in.get("/subscriptions/all/delete/").content.decode()
    answer = signed_in.post("/subscriptions/all/delete/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/subscriptions/")
    assert not Subscription.objects.exists()


def test_viewers_see_it_but_never_its_keys(client: Client, viewer: User) -> None:
    make_subscription("all", api=make_api("orders"))
    client.force_login(viewer)
    page = client.get("/subscriptions/all/").content.decode()
    assert "Show keys" not in page
    for verb in ("keys", "regenerate", "suspend", "activate", "delete"):
        assert client.post(f"/subscriptions/all/{verb}/", {"key": "primary"}).status_code == 403
