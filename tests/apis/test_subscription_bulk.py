"""What is done with several subscriptions at once: suspended, deleted, exported; after a question that says whom it hits."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apis.models import Subscription, SubscriptionState
from portal.models import Activity, Event
from tests.makers import make_api, make_counts, make_subscription

SUSPENSION, REMOVAL, EXPORT = "/subscriptions/chosen/suspension/", "/subscriptions/chosen/removal/", "/subscriptions/chosen/list.csv"


@pytest.fixture
def three(publisher: User) -> None:
    """Store three subscriptions to one API that was called today."""
    api = make_api("orders")
    make_counts(api, ok=7)
    for name in ("first", "second", "third"):
        make_subscription(name, api=api)


def _seen(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{16})"', page)
    assert found
    return found[1]


def _states() -> dict[str, str]:
    return dict(Subscription.objects.values_list("name", "state"))


@pytest.mark.usefixtures("three")
def test_those_that_are_ticked_are_suspended_once_it_is_confirmed(signed_in: Client) -> None:
    ticked = f"{SUSPENSION}?subscriptions=first&subscriptions=third"
    page = signed_in.get(ticked).content.decode()
    assert "Suspend 2 subscriptions?" in page
    assert "7 calls in the last 24 hours" in page
    assert set(_states().values()) == {SubscriptionState.ACTIVE}

    answer = signed_in.post(ticked, {"seen": _seen(page)}, follow=True)

    assert b"2 subscriptions were suspended." in answer.content
    assert _states() == {"first": "suspended", "second": "active", "third": "suspended"}
    assert Activity.objects.filter(event=Event.SUBSCRIPTION_SUSPENDED).count() == 2


@pytest.mark.usefixtures("three")
def test_all_that_a_list_shows_are_deleted_and_no_others(signed_in: Client) -> None:
    Subscription.objects.filter(name="second").update(state=SubscriptionState.SUSPENDED)

    address = f"{REMOVAL}?chosen=all&show=active"
    seen = _seen(signed_in.get(address).content.decode())
    answer = signed_in.post(address, {"seen": seen}, follow=True)

    assert b"2 subscriptions were deleted." in answer.content
    assert set(_states()) == {"second"}


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("path", [SUSPENSION, REMOVAL])
def test_nothing_is_done_with_others_than_were_confirmed(signed_in: Client, path: str) -> None:
    address = f"{path}?chosen=all"
    seen = _seen(signed_in.get(address).content.decode())
    Subscription.objects.get(name="first").delete()
    make_subscription("fourth")
    before = _states()
    answer = signed_in.post(address, {"seen": seen}, follow=True)
    assert b"nothing was done" in answer.content
    assert _states() == before


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("path", [SUSPENSION, REMOVAL])
@pytest.mark.parametrize("asked", ["", "?subscriptions=unknown"])
def test_where_nothing_is_ticked_nothing_is_asked(signed_in: Client, path: str, asked: str) -> None:
    assert b"Nothing is ticked" in signed_in.get(f"{path}{asked}", follow=True).content


@pytest.mark.usefixtures("three")
def test_what_is_suspended_already_is_not_suspended_again(signed_in: Client) -> None:
    Subscription.objects.update(state=SubscriptionState.SUSPENDED)
    assert b"Nothing is ticked that could be suspended." in signed_in.post(f"{SUSPENSION}?chosen=all", follow=True).content
    assert not Activity.objects.filter(event=Event.SUBSCRIPTION_SUSPENDED).exists()


@pytest.mark.usefixtures("three")
def test_the_table_has_those_that_are_ticked_and_no_keys(signed_in: Client) -> None:
    make_subscription("everywhere")
    rows = list(csv.DictReader(io.StringIO(signed_in.get(f"{EXPORT}?subscriptions=first&subscriptions=everywhere").content.decode())))
    assert [(row["name"], row["scope"], row["state"]) for row in rows] == [
        ("everywhere", "all-apis", "active"),
        ("first", "api:orders", "active"),
    ]
    everything = signed_in.get(EXPORT).content.decode()
    assert everything.count("\r\n") == 5
    keys = [secret.value.decode() for one in Subscription.objects.all() for key in one.keys.all() if (secret := key.opened())]
    assert keys
    assert not any(key in everything for key in keys)
