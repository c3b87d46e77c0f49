"""What somebody is told of at once: calls that fail more than before, by API, and gateways that are behind or away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apis import actions
from apis.models import Credentials
from gateway.alert import Alert
from gateway.alerting import QUIET, troubles, watch
from gateway.models import Delivery, Gateway
from portal.troubles import Topic
from tests.makers import make_api, make_certificate, make_counts, make_gateway

pytestmark = pytest.mark.django_db
NOW = timezone.now


def keys() -> list[str]:
    return [trouble.key for trouble in troubles()]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({"ok": 1000}, {"ok": 40, "no_answer": 10}, True),
        ({"ok": 1000}, {"ok": 40, "refused_certificate": 10}, True),
        ({"ok": 1000}, {"ok": 40, "server_error": 10, "client_error": 10, "gateway": 10}, False),  # the back end's own, and wrong keys
        ({"ok": 1000}, {"ok": 40, "no_answer": 4}, False),  # too few
        ({"ok": 1000}, {"ok": 1000, "no_answer": 20}, False),  # too small a share
        ({"ok": 800, "no_answer": 200}, {"ok": 80, "no_answer": 20}, False),  # no more than before
        ({}, {"no_answer": 5}, True),  # it has never been called before
    ],
)
def test_calls_that_fail_more_than_before_are_told(before: dict[str, Any], now: dict[str, Any], told: bool) -> None:
    api = make_api()
    make_counts(api, minutes_ago=180, **before)
    make_counts(api, **now)
    watch(now=NOW())
    assert keys() == ([f"alert:failures:{api.pk}"] if told else [])


def test_the_words_name_the_version_that_is_refused_and_how_it_was_before() -> None:
    api = make_api()
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate())
    actions.secure_api(api, chosen, by=None, now=NOW())
    make_counts(api, minutes_ago=180, ok=996, no_answer=4)
    make_counts(api, ok=2, refused_certificate=38)
    watch(now=NOW())
    (trouble,) = troubles()
    assert str(trouble.reason) == "38 of 40 calls in 10 minutes, 38 refusals of the certificate, version 1; before, 0.4 %."
    assert (trouble.name, trouble.path, trouble.topic) == ("Orders", "/failures/?api=orders", Topic.CALLS)


def test_what_comes_and_goes_is_one_alert_and_what_begins_again_after_a_while_is_another() -> None:
    api = make_api()
    make_counts(api, no_answer=9)
    began = NOW()
    watch(now=began)
    (first,) = troubles()
    api.counts.all().delete()
    watch(now=began + QUIET / 2)
    make_counts(api, no_answer=9)
    watch(now=began + QUIET - timedelta(seconds=1))
    assert [one.episode for one in troubles()] == [first.episode]
    api.counts.all().delete()
    watch(now=began + 3 * QUIET)
    assert not keys()
    make_counts(api, no_answer=9)
    watch(now=began + timedelta(minutes=9))
    assert [one.episode for one in troubles()] != [first.episode]


def test_an_alert_lasts_while_calls_fail_even_if_that_has_become_usual() -> None:
    api = make_api()
    make_counts(api, no_answer=9)
    watch(now=NOW())
    make_counts(api, minutes_ago=180, no_answer=9000)
    watch(now=NOW() + QUIET + timedelta(minutes=1))
    assert keys()


def test_a_gateway_that_is_away_is_told_after_two_minutes_and_not_before() -> None:
    gateway = make_gateway("edge", connected=False)
    watch(now=NOW())
    assert not keys()
    for ago in (1, 3):
        then = NOW() - timedelta(minutes=ago)
        Gateway.objects.update(seen_at=then, disconnected_at=then)
        watch(now=NOW())
        assert keys() == ([f"alert:away:{gateway.pk}"] if ago == 3 else [])


def test_a_gateway_that_was_killed_and_never_said_goodbye_is_away() -> None:
    make_gateway("edge")
    Gateway.objects.update(seen_at=NOW() - timedelta(minutes=5))
    watch(now=NOW())
    assert [str(one.reason) for one in troubles()] == ["it is not connected, and gets no changes."]


def test_a_gateway_that_does_not_take_a_change_is_behind_unless_it_refused_it() -> None:
    gateway = make_gateway("edge")
    then = NOW() - timedelta(minutes=3)
    Gateway.objects.update(connected_at=then)
    sent = Delivery.objects.create(gateway=gateway, change=7, sent_at=then)
    watch(now=NOW())
    assert keys() == [f"alert:behind:{gateway.pk}"]
    Alert.objects.all().delete()
    Delivery.objects.filter(pk=sent.pk).update(reason="No.")
    watch(now=NOW())
    assert not keys()
