"""The summary of an API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from apis import actions
from apis.models import Credentials
from certificates.sealing import Secret
from tests.makers import issue, make_api, make_certificate

pytestmark = pytest.mark.django_db


def test_it_says_how_to_call_the_api(signed_in: Client, settings: Settings) -> None:
    settings.GATEWAY_HOST, settings.GATEWAY_PORT = "gateway.example.com", 8443
    api = make_api("orders", everything=False)
    now = timezone.now()
    actions.add_operation(api, name="get", display_name="Get", method="GET", url_template="/orders/{id}", by=None, now=now)
    page = signed_in.get("/apis/orders/").content.decode()
    command = "curl -i -H &#x27;Ocp-Apim-Subscription-Key: YOUR-KEY&#x27; http://gateway.example.com:8443/orders/orders/ID"
    assert command in page


def test_a_gateway_on_every_address_is_called_where_the_portal_is(signed_in: Client, settings: Settings) -> None:
    settings.GATEWAY_HOST, settings.GATEWAY_PORT = "0.0.0.0", 8443  # noqa: S104 - nothing is bound
    make_api("orders")
    for host, gateway in (("localhost:8000", "localhost:8443"), ("localhost", "localhost:8443"), ("[::1]", "[::1]:8443")):
        page = signed_in.get("/apis/orders/", headers={"Host": host}).content.decode()
        assert f"http://{gateway}/orders" in page


def test_without_operations_it_says_that_no_call_gets_through(signed_in: Client) -> None:
    make_api("orders", everything=False)
    assert "No call gets through yet" in signed_in.get("/apis/orders/").content.decode()


def test_an_api_that_is_not_there_is_404(signed_in: Client) -> None:
    assert signed_in.get("/apis/nowhere/").status_code == 404


@pytest.mark.parametrize("tab", ["", "settings/", "operations/", "security/", "policy/", "console/"])
def test_every_tab_warns_as_long_as_a_check_is_off(signed_in: Client, publisher: User, tab: str) -> None:
    chosen = actions.ApiSecurity(credentials=Credentials.NONE, validate_certificate_chain=False)
    actions.secure_api(make_api("orders"), chosen, by=publisher, now=timezone.now())
    page = signed_in.get(f"/apis/orders/{tab}").content.decode()
    assert "certificate is not checked, neither chain nor name" in page


@pytest.mark.parametrize(
    ("not_before", "not_after", "words"),
    [(-9, -1, "has expired"), (2, 90, "is not valid yet"), (-9, 5, "expires soon")],
)
def test_a_certificate_out_of_its_time_is_warned_of(
    signed_in: Client, publisher: User, not_before: int, not_after: int, words: str
) -> None:
    now = datetime.now(UTC)
    issued = issue(not_before=now + timedelta(days=not_before), not_after=now + timedelta(days=not_after))
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate(issued=issued))
    actions.secure_api(make_api("orders"), chosen, by=publisher, now=now)
    page = signed_in.get("/apis/orders/").content.decode()
    assert f"The client certificate {words}" in page
    assert 'href="/security/client-certificates/orders-client/replace/"' in page


def test_plain_http_is_warned_of_and_the_more_with_a_password(signed_in: Client, publisher: User) -> None:
    api = make_api("orders", service_url="http://orders.example.com")
    assert "Calls to the back end are unencrypted" in signed_in.get("/apis/orders/").content.decode()
    chosen = actions.ApiSecurity(credentials=Credentials.BASIC, username="u", password=Secret(b"p"))
    actions.secure_api(api, chosen, by=publisher, now=timezone.now())
    assert "User name and password go to the back end unencrypted" in signed_in.get("/apis/orders/").content.decode()


def test_it_takes_few_queries(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    make_api("orders")
    with django_assert_max_num_queries(24):
        signed_in.get("/apis/orders/")
