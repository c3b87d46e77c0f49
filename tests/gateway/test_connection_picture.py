"""The picture of an API's way to its back end: what each part says, and where it breaks."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials
from certificates.models import CertificateVersion
from gateway.models import FailedCall, FailureKind, Gateway
from kit.issuing import issue
from portal.models import Activity
from tests.makers import make_api, make_certificate, make_counts, make_failed_call, make_gateway, make_subscription

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders(db: None) -> Api:
    """Return an API with a certificate, two subscriptions and a gateway that has everything."""
    api = make_api("orders", service_url="https://orders.example.com:8443")
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate())
    actions.secure_api(api, chosen, by=None, now=timezone.now())
    make_subscription("partner", api=api)
    make_subscription("everything")
    make_gateway(applied_change=Activity.objects.latest("id").pk)
    return Api.objects.get()


def _way(client: Client) -> str:
    page = client.get("/apis/orders/").content.decode()
    return " ".join(page[page.index('id="connection"') :].partition("</section>")[0].split())


def _state_of(way: str, part: str) -> str:
    """Return the state of the part of the picture that has this heading or link."""
    (item,) = (item for item in re.findall(r"<li.*?</li>", way) if part in item)
    return (re.match(r'<li class="(?:between )?(\w*)"', item) or [""])[1] if item.startswith('<li class="') else ""


def test_what_is_well_says_who_calls_what_is_presented_and_who_answers(signed_in: Client, orders: Api) -> None:
    make_counts(orders, minutes_ago=3, ok=1234)
    way = _way(signed_in)
    said = ("2 subscriptions", "1,234 calls in 24 hours", "Live on 1 of 1", "orders-client", "orders.example.com:8443", "3 minutes ago")
    for words in said:
        assert words in way, words
    assert orders.certificate
    assert orders.certificate.current
    assert f'<b class="last-four">{orders.certificate.current.last_four}</b>' in way
    assert [_state_of(way, part) for part in ("gateways/", "presents", "Back end")] == ["good", "good", "good"]
    assert "Failing" not in way


def test_an_expired_certificate_is_where_it_breaks(signed_in: Client, orders: Api) -> None:
    CertificateVersion.objects.update(not_after=timezone.now() - timedelta(days=1))
    assert _state_of(_way(signed_in), "presents") == "bad"


def test_a_back_end_that_refuses_the_certificate_is_red_with_the_reason(signed_in: Client, orders: Api) -> None:
    make_counts(orders, minutes_ago=1, ok=2, refused_certificate=38)
    FailedCall.objects.filter(pk=make_failed_call(api=orders).pk).update(kind=FailureKind.CLIENT_CERTIFICATE_REFUSED)
    way = _way(signed_in)
    assert "38 of 40 calls fail" in way
    assert "The back end refused the client certificate." in way
    assert [_state_of(way, part) for part in ("presents", "Back end")] == ["bad", "bad"]
    assert 'href="/failures/?api=orders"' in way


@pytest.mark.parametrize(
    ("kind", "chain", "name"),
    [
        (FailureKind.EXPIRED, "bad", "good"),
        (FailureKind.UNVERIFIED, "bad", "good"),
        (FailureKind.NAME_MISMATCH, "good", "bad"),
        (FailureKind.UNREACHABLE, "good", "good"),
    ],
)
def test_what_the_gateway_found_wrong_with_the_back_end_is_not_called_checked(
    signed_in: Client, orders: Api, kind: FailureKind, chain: str, name: str
) -> None:
    make_counts(orders, minutes_ago=1, no_answer=40)
    FailedCall.objects.filter(pk=make_failed_call(api=orders).pk).update(kind=kind)
    way = _way(signed_in)
    assert re.findall(r'<span class="state (\w+)"><svg(?:(?!</span>).)*</svg>(Chain|Name)</span>', way) == [
        (chain, "Chain"),
        (name, "Name"),
    ]
    assert [_state_of(way, part) for part in ("presents", "Back end")] == ["good", "bad"]


def test_a_way_that_was_put_right_is_not_red_until_a_call_fails_again(signed_in: Client, orders: Api) -> None:
    make_counts(orders, minutes_ago=1, ok=2, refused_certificate=38)
    make_failed_call(api=orders)
    other = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate("other", issue("other")))
    orders = actions.secure_api(orders, other, by=None, now=timezone.now())
    assert "calls fail" not in _way(signed_in)
    assert "Failing" not in signed_in.get("/").content.decode().partition("At a glance")[0]
    make_failed_call("5f3c-2", api=orders)
    assert "38 of 40 calls fail" in _way(signed_in)
    assert "Failing" in signed_in.get("/").content.decode().partition("At a glance")[0]


def test_a_gateway_that_has_not_taken_the_change_is_marked(signed_in: Client, orders: Api) -> None:
    Gateway.objects.update(applied_change=0)
    way = _way(signed_in)
    assert "Live on 0 of 1" in way
    assert _state_of(way, "gateways/") == "warn"


def test_what_is_not_checked_is_said(signed_in: Client, orders: Api) -> None:
    Api.objects.update(validate_certificate_name=False)
    assert "Name not checked" in _way(signed_in)
    Api.objects.update(validate_certificate_chain=False)
    assert "Chain not checked" in _way(signed_in)
    Api.objects.update(service_url="http://orders.example.com")
    assert "Unencrypted" in _way(signed_in)


def test_an_api_that_anybody_may_call_says_so(signed_in: Client, orders: Api) -> None:
    Api.objects.update(subscription_required=False)
    way = _way(signed_in)
    assert "Anybody" in way
    assert "Not needed" in way


def test_the_page_asks_little(signed_in: Client, orders: Api, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    make_counts(orders, minutes_ago=1, no_answer=3)
    with django_assert_max_num_queries(40):
        signed_in.get("/apis/orders/")
