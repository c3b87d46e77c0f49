"""The list of APIs."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions
from apis.models import Api, Credentials
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from gateway.models import Gateway
from portal.activity import last_line
from tests.apis.bulk import many_apis
from tests.makers import issue, make_api, make_certificate, make_counts, make_failed_call, make_gateway, make_subscription

pytestmark = pytest.mark.django_db
MOST_QUERIES = 18


def test_an_api_stands_with_its_path_its_back_end_and_the_end_of_its_thumbprint(signed_in: Client, publisher: User) -> None:
    certificate = make_certificate("orders-client")
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    actions.secure_api(make_api("orders"), chosen, by=publisher, now=timezone.now())
    page = signed_in.get("/apis/").content.decode()
    assert certificate.current is not None
    for words in ("Orders", "/orders", "https://orders.example.com", "CN=orders-client, O=Example", certificate.current.last_four):
        assert words in page


def test_without_apis_it_says_what_to_do(signed_in: Client) -> None:
    page = signed_in.get("/apis/").content.decode()
    assert "No APIs yet" in page
    assert 'href="/apis/new/"' in page


@pytest.mark.parametrize("q", ["ORD", "orders.example", "  orders "])
def test_searching_finds_by_name_path_and_url(signed_in: Client, q: str) -> None:
    make_api("orders")
    make_api("returns", service_url="https://returns.example.com")
    page = signed_in.get("/apis/", {"q": q}).content.decode()
    assert "/apis/orders/" in page
    assert "/apis/returns/" not in page


def test_what_is_not_found_is_said_and_what_was_typed_is_kept(signed_in: Client) -> None:
    make_api("orders")
    page = signed_in.get("/apis/", {"q": "<nothing>"}).content.decode()
    assert "Nothing is found for “&lt;nothing&gt;”" in page
    assert 'value="&lt;nothing&gt;"' in page


def test_it_is_sorted_and_paged_as_the_address_says(signed_in: Client) -> None:
    many_apis(30)
    page = signed_in.get("/apis/", {"sort": "-name", "page": "2"}).content.decode()
    assert page.index("many-00004") < page.index("many-00000")
    assert "many-00005" not in page
    assert 'aria-sort="descending"' in page


@pytest.mark.parametrize("nonsense", [{"sort": "certificate__current__ciphertext"}, {"page": "-7"}, {"page": "x"}, {"q": "\0"}])
def test_an_address_that_makes_no_sense_is_answered_all_the_same(signed_in: Client, nonsense: dict[str, str]) -> None:
    make_api("orders")
    assert "/apis/orders/" in signed_in.get("/apis/", nonsense).content.decode()


def test_htmx_gets_the_list_alone_but_a_boosted_link_the_page(signed_in: Client) -> None:
    make_api("orders")
    assert b"<html" not in signed_in.get("/apis/", headers={"HX-Request": "true"}).content
    assert b"<html" in signed_in.get("/apis/", headers={"HX-Request": "true", "HX-Boosted": "true"}).content


def test_five_thousand_apis_cost_as_many_queries_as_one(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    many_apis(5000, certificate=make_certificate())
    for asked in ({}, {"q": "back-end-49", "sort": "-changed"}, {"page": "200"}):
        with django_assert_max_num_queries(MOST_QUERIES):
            assert signed_in.get("/apis/", asked).status_code == 200


def _names(client: Client, **asked: str) -> list[str]:
    return [api.name for api in client.get("/apis/", asked).context["page"]]


def _seen(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{16})"', page)
    assert found
    return found[1]


def _numbers(client: Client, **asked: str) -> dict[str, int]:
    return {chip.key: chip.number for chip in client.get("/apis/", asked).context["listing"].chips}


def _presenting(name: str, certificate: ClientCertificate) -> Api:
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    return actions.secure_api(make_api(name), chosen, by=None, now=timezone.now())


class TestStates:
    """The chips above the list."""

    def test_they_count_and_narrow_by_credentials(self, signed_in: Client) -> None:
        _presenting("orders", make_certificate())
        make_api("returns")
        assert _numbers(signed_in) == {
            "failing": 0,
            "behind": 0,
            "client-certificate": 1,
            "basic": 0,
            "shared-secret": 0,
            "oauth2": 0,
            "none": 1,
        }
        assert _names(signed_in, show="client-certificate") == ["orders"]
        assert _names(signed_in, show="none", q="ret") == ["returns"]
        assert _names(signed_in, show="nonsense") == ["orders", "returns"]
        assert "No API is in this state" in signed_in.get("/apis/", {"show": "basic"}).content.decode()

    def test_failing_are_those_whose_calls_fail_as_the_dashboard_has_it(self, signed_in: Client) -> None:
        make_counts(make_api("refused"), refused_certificate=2, ok=5)
        make_counts(make_api("silent"), no_answer=1)
        make_counts(make_api("long-ago"), minutes_ago=90, no_answer=9)
        make_counts(make_api("answered-since"), minutes_ago=9, no_answer=9)
        make_counts(Api.objects.get(name="answered-since"), minutes_ago=1, ok=9)
        make_counts(make_api("its-own-errors"), ok=9, client_error=3, server_error=4)
        assert _names(signed_in, show="failing") == ["refused", "silent"]
        assert signed_in.get("/apis/").content.decode().count('<span class="badge bad">Failing</span>') == 2

    def test_who_presents_another_certificate_since_the_last_failure_does_not_fail_until_the_next_call(self, signed_in: Client) -> None:
        certificate = make_certificate("partner")
        _presenting("orders", certificate)
        _presenting("returns", certificate)
        for number, api in enumerate(Api.objects.all()):
            make_counts(api, refused_certificate=1)
            make_failed_call(f"5f3c-{number}", api=api)
        assert _names(signed_in, show="failing") == ["orders", "returns"]
        another = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate("another"))
        actions.secure_api(Api.objects.get(name="orders"), another, by=None, now=timezone.now())
        assert _names(signed_in, show="failing") == ["returns"]
        certificate_actions.replace(certificate, issue("partner").as_pfx(), by=None, now=timezone.now())
        assert _names(signed_in, show="failing") == []

    def test_who_presents_a_certificate_since_it_failed_without_or_none_any_more_does_not_fail(self, signed_in: Client) -> None:
        certificate = make_certificate("partner")
        without, no_more = make_api("without"), _presenting("no-more", certificate)
        for number, api in enumerate((without, no_more)):
            make_counts(api, refused_certificate=1)
            make_failed_call(f"5f3c-{number}", api=api)
        assert _names(signed_in, show="failing") == ["no-more", "without"]
        chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
        actions.secure_api(without, chosen, by=None, now=timezone.now())
        actions.secure_api(no_more, actions.ApiSecurity(credentials=Credentials.NONE), by=None, now=timezone.now())
        assert _names(signed_in, show="failing") == []

    def test_behind_are_those_whose_change_a_connected_gateway_has_not_applied(self, signed_in: Client) -> None:
        certificate = make_certificate("shared")
        _presenting("orders", certificate)
        make_api("returns")
        gateway = make_gateway(applied_change=last_line())
        assert _names(signed_in, show="behind") == []
        certificate_actions.replace(certificate, issue("shared").as_pfx(), by=None, now=timezone.now())
        make_api("stock")
        assert _names(signed_in, show="behind") == ["orders", "stock"]
        Gateway.objects.filter(pk=gateway.pk).update(disconnected_at=timezone.now())
        assert _names(signed_in, show="behind") == []


def test_apis_are_found_by_their_certificate_and_its_last_four(signed_in: Client) -> None:
    certificate = make_certificate("partner", issue("partner-bank"))
    _presenting("orders", certificate)
    make_api("returns")
    assert certificate.current is not None
    for words in ("partner", "CN=partner-bank", certificate.current.last_four, certificate.current.last_four.lower()):
        assert _names(signed_in, q=words) == ["orders"]
    assert _names(signed_in, certificate="PARTNER") == ["orders"]
    assert "Those that present:" in signed_in.get("/apis/", {"certificate": "partner"}).content.decode()


def test_a_page_has_as_many_rows_as_the_address_says_and_ticks_them_without_a_script(signed_in: Client) -> None:
    many_apis(60)
    assert len(_names(signed_in)) == 25
    assert len(_names(signed_in, per="50")) == 50
    assert len(_names(signed_in, per="100")) == 60
    assert len(_names(signed_in, per="5000")) == 25
    page = signed_in.get("/apis/", {"chosen": "page"}).content.decode()
    assert page.count(" checked>") == 25
    assert "Tick all 60" in page
    assert "All 60 ticked" in signed_in.get("/apis/", {"chosen": "all"}).content.decode()


class TestTicked:
    """What is done with several at once."""

    def test_all_that_a_search_finds_are_moved_together(self, signed_in: Client) -> None:
        many_apis(60)
        make_certificate("new")
        address = "/apis/moves/new/?chosen=all&q=many-0005"
        assert "10" in signed_in.get(address).content.decode()
        signed_in.post(address, {"to": "new", "when": "now"})
        assert _names(signed_in, certificate="new") == [f"many-{number:05}" for number in range(50, 60)]

    def test_deleting_tells_todays_calls_and_happens_once_it_is_confirmed(self, signed_in: Client) -> None:
        orders = make_api("orders")
        make_subscription("partner", api=orders)
        make_counts(orders, ok=1234)
        make_api("returns")
        make_api("stock")
        address = "/apis/chosen/removal/?apis=orders&apis=returns"
        page = signed_in.get(address).content.decode()
        for words in ("Delete 2 APIs?", "1,234 calls in the last 24 hours", "2 operations", "1 subscription", "2 keys"):
            assert words in page
        assert _names(signed_in) == ["orders", "returns", "stock"]
        assert signed_in.post(address, {"seen": _seen(page)}).status_code == 303
        assert _names(signed_in) == ["stock"]

    def test_what_was_not_shown_when_it_was_confirmed_is_not_deleted(self, signed_in: Client) -> None:
        make_api("orders")
        address = "/apis/chosen/removal/?chosen=all"
        seen = _seen(signed_in.get(address).content.decode())
        make_api("returns")
        for names in (["orders", "returns"], ["returns"]):  # more, and as many but others
            answer = signed_in.post(address, {"seen": seen}, follow=True)
            assert "nothing was deleted" in answer.content.decode()
            assert _names(signed_in) == names
            actions.delete_api(Api.objects.get(name=names[0]), by=None, now=timezone.now())

    def test_a_file_holds_the_ticked_ones_or_all_that_the_address_shows_and_no_formulas(self, signed_in: Client) -> None:
        _presenting("orders", make_certificate("client"))
        make_api("returns")
        Api.objects.filter(name="returns").update(display_name="=cmd()")
        rows = signed_in.get("/apis/chosen/list.csv", {"apis": "orders"}).content.decode().splitlines()
        assert [row.split(",")[0] for row in rows] == ["name", "orders"]
        assert "client" in rows[1]
        rows = signed_in.get("/apis/chosen/list.csv", {"show": "none"}).content.decode().splitlines()
        assert rows[1].startswith("returns,'=cmd()")

    def test_a_viewer_ticks_to_export_and_nothing_else(self, client: Client, viewer: User) -> None:
        make_api("orders")
        client.force_login(viewer)
        page = client.get("/apis/").content.decode()
        assert "Export as CSV" in page
        assert "/apis/moves/new/" not in page
        assert client.get("/apis/chosen/removal/?apis=orders").status_code == 403
