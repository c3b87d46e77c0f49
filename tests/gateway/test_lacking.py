"""Lists by gateway: what single gateways lack, counted beside the lists and shown alone."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis.models import Api, Credentials
from gateway.lacking import chip_key
from gateway.models import Gateway, Refusal
from portal.activity import last_line
from tests.makers import make_api, make_certificate, make_failed_call, make_gateway, make_server_certificate, make_subscription

_CHIP = re.compile(r'<a class="chip[^"]*" href="[^"]*show=([^"&]+)[^"]*"[^>]*>[^<]*<b>([\d,]+)</b>')
CERTIFICATES, SERVER_CERTIFICATES = "/security/client-certificates/", "/security/server-certificates/"


def _chips(client: Client, path: str) -> dict[str, int]:
    page = client.get(path).content.decode()
    return {key.replace("%3A", ":"): int(number.replace(",", "")) for key, number in _CHIP.findall(page)}


def _named(client: Client, path: str, gateway: str) -> set[str]:
    page = client.get(path, {"show": chip_key(gateway)}).content.decode()
    return set(re.findall(r'<input type="checkbox" name="(?:apis|certificates)" value="([^"]+)"', page))


@pytest.fixture
def late(signed_in: Client) -> Gateway:
    """Return a gateway that has none of what was changed last, beside one that has everything."""
    make_api("old", everything=False)
    make_certificate("old-client")
    late = make_gateway("late", applied_change=last_line())
    make_api("new", everything=False)
    make_certificate("new-client")
    make_server_certificate("new.example.com")
    make_gateway("current", applied_change=last_line())
    return late


def test_what_a_gateway_has_not_applied_is_counted_and_shown(signed_in: Client, late: Gateway) -> None:
    for path, name in (("/apis/", "new"), (CERTIFICATES, "new-client"), (SERVER_CERTIFICATES, "new.example.com")):
        chips = _chips(signed_in, path)
        assert (chips[chip_key("late")], chips["behind"]) == (1, 1), path
        assert chip_key("current") not in chips
        assert _named(signed_in, path, "late") == {name}


def test_what_a_gateway_refuses_it_lacks(signed_in: Client, late: Gateway) -> None:
    api = Api.objects.get(name="old")
    Api.objects.filter(pk=api.pk).update(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate("refused-client"))
    Gateway.objects.update(applied_change=last_line())
    Refusal.objects.create(gateway=late, api=api, reason="no", since=timezone.now())

    assert _named(signed_in, "/apis/", "late") == {"old"}
    assert _named(signed_in, CERTIFICATES, "late") == {"refused-client"}


def test_all_that_a_gateway_lacks_is_ticked_at_once(signed_in: Client, late: Gateway) -> None:
    answer = signed_in.get("/apis/chosen/list.csv", {"chosen": "all", "show": chip_key("late")})
    assert answer.status_code == 200
    assert re.findall(rb"^(?:new|old)\b", answer.content, re.MULTILINE) == [b"new"]


def test_a_single_gateway_has_no_chip_beside_behind_but_its_address_works(signed_in: Client) -> None:
    make_gateway("only", applied_change=last_line())
    make_api("new", everything=False)
    assert set(_chips(signed_in, "/apis/")) >= {"behind"}
    assert chip_key("only") not in _chips(signed_in, "/apis/")
    assert _named(signed_in, "/apis/", "only") == {"new"}
    assert _chips(signed_in, f"/apis/?show={chip_key('only')}")[chip_key("only")] == 1


def test_the_page_of_gateways_leads_to_what_one_lacks(administrators_pages: Client) -> None:
    make_gateway("late", applied_change=0)
    make_api("new", everything=False)
    assert f'href="/apis/?show={chip_key("late")}"' in administrators_pages.get("/gateways/").content.decode()


def test_lists_ask_as_often_with_many_gateways_as_with_two(
    signed_in: Client, late: Gateway, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    before = {path: _asked(signed_in, path) for path in ("/apis/", CERTIFICATES)}
    for number in range(30):
        make_gateway(f"gateway-{number:02}", applied_change=late.applied_change)
        make_api(f"api-{number:02}", everything=False)
    for path, number in before.items():
        signed_in.get(path)  # what a change makes it read again is remembered
        with django_assert_num_queries(number):
            assert len([key for key in _chips(signed_in, path) if key.startswith("not-on:")]) == 6


def _asked(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    return len(asked)


def test_failures_are_narrowed_to_one_gateway(signed_in: Client) -> None:
    for name in ("edge", "core"):
        make_gateway(name)
        make_failed_call(f"call-{name}", gateway=name)
    page = signed_in.get("/failures/", {"gateway": "edge"}).content.decode()
    assert "<option selected>edge</option>" in page
    assert "call-edge" in page
    assert "call-core" not in page


def test_subscriptions_are_narrowed_to_a_state(signed_in: Client) -> None:
    make_subscription("open")
    paused = make_subscription("paused")
    paused.state = "suspended"
    paused.save()
    assert _chips(signed_in, "/subscriptions/") == {"active": 1, "suspended": 1}
    page = signed_in.get("/subscriptions/", {"show": "suspended"}).content.decode()
    assert 'href="/subscriptions/paused/"' in page
    assert 'href="/subscriptions/open/"' not in page
