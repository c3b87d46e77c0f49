"""Calls are counted by the key that was shown: exactly, by how they ended, across switches and new keys; and the pages say so."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apis import actions
from apis.actions import ApiCalls
from apis.models import Api, KeyKind, Subscription
from apis.policy.model import KeyCheck, Policy, Watched
from certificates.sealing import Secret
from gateway.compile import KeyCredential, cluster_name, compile_segment
from gateway.compile.keys.owners import Owner
from gateway.control.counting import trim, write
from gateway.counts import OUTCOMES, KeyCount, Span
from gateway.seeing.outcomes import Outcome, tally_keys
from gateway.seeing.readings import KeyCounter, Reading, Unanswered
from portal.activity import last_line
from tests.gateway.backends import Backend
from tests.gateway.gateways import policy
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_subscription

PRIMARY, SECONDARY = KeyKind.PRIMARY, KeyKind.SECONDARY


def count(api: Api) -> Api:
    """Have the calls of *api* counted by subscription."""
    return actions.change_calls(api, ApiCalls(count_by_subscription=True), by=None, now=timezone.now())


def keys_of(subscription: Subscription) -> dict[KeyKind, str]:
    return {kind: key.value.decode() for kind, key in actions.show_keys(subscription, by=None, now=timezone.now()).items()}


def counted(**where: object) -> dict[tuple[str, str], dict[str, int]]:
    """Return the outcomes of a day that are not nought, by subscription and key."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in KeyCount.objects.filter(span=Span.DAY, **where).select_related("subscription"):
        found.setdefault((row.subscription.name, row.kind), Counter()).update({name: getattr(row, name) for name in OUTCOMES})
    return {key: {name: number for name, number in sums.items() if number} for key, sums in found.items()}


def reading(api: Api, number: int, **counters: int) -> Reading:
    return Reading(envoy="one", number=number, series={cluster_name(api.pk): counters})


def key_counter(subscription: Subscription, kind: KeyKind, name: str) -> str:
    return str(KeyCounter(subscription.pk, kind, name))


def used(api: Api, subscription: Subscription, counted: dict[str, int], *, kind: KeyKind = PRIMARY, ago: timedelta = timedelta()) -> None:
    """Count calls with a key."""
    write(
        f"gateway-{KeyCount.objects.count()}",
        reading(api, 1, **{key_counter(subscription, kind, name): number for name, number in counted.items()}),
        at=timezone.now() - ago,
    )


@pytest.mark.django_db(transaction=True)
def test_each_call_counts_for_the_key_that_was_shown(plant: Plant, plain: Backend) -> None:
    api = count(make_api(service_url=f"http://localhost:{plain.port}"))
    everything, one = make_subscription("everything"), make_subscription("one", api=api)
    every_key, one_key = keys_of(everything), keys_of(one)
    eventually(lambda: plant.applied(last_line()))
    for key, status, number in (
        (every_key[PRIMARY], 200, 3),
        (every_key[SECONDARY], 404, 2),
        (one_key[PRIMARY], 503, 4),
        (one_key[SECONDARY], 302, 1),
    ):
        for _ in range(number):
            assert plant.call(f"/orders/status/{status}", key=key).status == status
    assert plant.call("/orders/drop", key=one_key[PRIMARY]).status == 502
    assert plant.call("/orders/1", key="f" * 32).status == 401
    expected = {
        ("everything", "primary"): {"ok": 3},
        ("everything", "secondary"): {"client_error": 2},
        ("one", "primary"): {"server_error": 4, "no_answer": 1},
        ("one", "secondary"): {"redirected": 1},
    }
    eventually(lambda: counted() == expected, within=30)
    assert not [name for call in plain.calls for name, _ in call.headers if name.lower().startswith(("x-envoy", "x-portal"))]

    actions.regenerate_key(one, PRIMARY, by=None, now=timezone.now())
    added = keys_of(make_subscription("added"))
    eventually(lambda: plant.applied(last_line()))
    assert plant.call("/orders/1", key=one_key[PRIMARY]).status == 401
    assert plant.call("/orders/1", key=keys_of(one)[PRIMARY]).status == 200
    assert plant.call("/orders/1", key=added[SECONDARY]).status == 200
    expected[("one", "primary")]["ok"] = 1
    expected[("added", "secondary")] = {"ok": 1}
    eventually(lambda: counted() == expected, within=30)


def _watched(one: Policy, **watched: bool) -> Policy:
    return dataclasses.replace(one, watched=Watched(**watched))


def test_an_api_without_the_switch_does_not_differ_in_one_byte() -> None:
    one, other = policy(1, "orders/a", port=1), policy(2, "orders/b", port=1)
    assert compile_segment("orders", [one, other]) == compile_segment("orders", [one, other], {})
    key = KeyCredential(key=Secret(b"1" * 32), opens="all", subscription=5, kind="primary")
    (routes, _) = compile_segment("orders", [_watched(one, by_subscription=True), other], {1: [key]})
    assert b"key-1-5-primary" in routes.body
    assert b"key-2-5-primary" not in routes.body


def test_an_api_that_no_key_opens_yet_stays_closed() -> None:
    one = _watched(policy(1, "orders", port=1, key_check=KeyCheck()), by_subscription=True)
    (routes, _) = compile_segment("orders", [one], {1: []})
    assert b"nothing" in routes.body  # the credential that nobody can send; without any, those of all APIs would count


@pytest.mark.parametrize("name", ["key-1-2-primary", "key-10-200-secondary"])
def test_the_name_of_a_key_says_whose_it_is(name: str) -> None:
    assert str(Owner.of(name)) == name


@pytest.mark.parametrize("name", ["-", "other", "key-1-2", "key-1-x-primary", "xkey-1-2-primary", "key-1-2-primary.x"])
def test_other_names_are_no_keys(name: str) -> None:
    assert Owner.of(name) is None


def test_calls_that_broke_off_with_an_alert_are_refusals_and_no_more_of_them_than_there_were_alerts() -> None:
    broken = str(Unanswered(route="orders", presented="AB", kind="broken-off", status=502, flags="UC"))
    added = {"alerts": 3, "5xx": 4, broken: 4}
    for subscription in (1, 2):
        added[str(KeyCounter(subscription, "primary", broken))] = 2
        added[str(KeyCounter(subscription, "primary", "5xx"))] = 2
    found = {key: {outcome: number for outcome, number in sums.items() if number} for key, sums in tally_keys(added).items()}
    assert found == {
        (1, "primary"): {Outcome.REFUSED_CERTIFICATE: 2},
        (2, "primary"): {Outcome.REFUSED_CERTIFICATE: 1, Outcome.NO_ANSWER: 1},
    }


@pytest.mark.django_db
def test_what_is_read_twice_counts_once_and_what_is_gone_does_not() -> None:
    api, mine = make_api(), make_subscription("mine")
    gone = make_subscription("gone")
    counters = {key_counter(mine, PRIMARY, "2xx"): 5, key_counter(gone, PRIMARY, "2xx"): 7}
    actions.delete_subscription(gone, by=None, now=timezone.now())
    for number in (1, 1, 2):
        write("gateway", reading(api, number, **counters), at=timezone.now())
    assert counted() == {("mine", "primary"): {"ok": 5}}
    trim(now=timezone.now() + timedelta(days=40))
    assert {row.span for row in KeyCount.objects.all()} == {Span.DAY}


@pytest.mark.django_db
def test_a_subscription_shows_which_apis_were_called_with_which_key_and_when_last(signed_in: Client) -> None:
    orders, mine = count(make_api("orders")), make_subscription("mine")
    used(orders, mine, {"2xx": 1200, "5xx": 3}, ago=timedelta(minutes=3))
    used(orders, mine, {"2xx": 7}, kind=SECONDARY, ago=timedelta(days=5))
    page = signed_in.get("/subscriptions/mine/").content.decode()
    assert "3 minutes ago" in page
    assert "5 days ago" in page
    assert "1,203" in page
    assert "Back end: error (5xx) <b>3</b>" in page
    assert "3 minutes ago" in signed_in.get("/subscriptions/").content.decode()


@pytest.mark.django_db
def test_an_api_shows_who_has_called_it_the_last_first(signed_in: Client) -> None:
    orders = count(make_api("orders"))
    for minutes, name in ((50, "early"), (2, "late"), (20, "between")):
        used(orders, make_subscription(name), {"2xx": 1}, ago=timedelta(minutes=minutes))
    page = signed_in.get("/apis/orders/").content.decode()
    places = [page.index(f"/subscriptions/{name}/") for name in ("late", "between", "early")]
    assert places == sorted(places)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("needs_key", "counting", "words"),
    [
        (True, True, "No call has been counted yet."),
        (True, False, "Calls are not counted by subscription."),
        (False, False, "Calls need no key, so nobody can tell whose they are."),
    ],
)
def test_a_page_without_counts_says_why(signed_in: Client, needs_key: bool, counting: bool, words: str) -> None:
    api = make_api("orders")
    Api.objects.update(subscription_required=needs_key)
    if counting:
        count(api)
    make_subscription("mine", api=api)
    assert words in signed_in.get("/apis/orders/").content.decode()
    assert words in signed_in.get("/subscriptions/mine/").content.decode()


@pytest.mark.django_db
def test_an_api_with_too_many_keys_says_that_they_are_not_told_apart(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    count(make_api("orders"))
    monkeypatch.setattr("gateway.templatetags.key_use.MOST_COUNTED_KEYS", 3)
    make_subscription("one")
    assert "too many to tell" not in signed_in.get("/apis/orders/").content.decode()
    make_subscription("two")
    assert "More than 3 keys open this API, too many to tell" in signed_in.get("/apis/orders/").content.decode()


@pytest.mark.django_db
def test_an_api_added_on_its_page_counts_by_subscription(signed_in: Client) -> None:
    signed_in.post("/apis/new/", {"display_name": "Orders", "name": "orders", "path": "orders", "service_url": "https://example.com"})
    assert Api.objects.get(name="orders").count_by_subscription


@pytest.mark.django_db
def test_the_list_asks_once_for_all_subscriptions(signed_in: Client) -> None:
    orders = count(make_api("orders"))
    for number in range(3):
        used(orders, make_subscription(f"s{number}"), {"2xx": 1})
    with CaptureQueriesContext(connection) as few:
        signed_in.get("/subscriptions/")
    for number in range(3, 12):
        used(orders, make_subscription(f"s{number}"), {"2xx": 1})
    with CaptureQueriesContext(connection) as many:
        signed_in.get("/subscriptions/")
    assert len(few) == len(many)
