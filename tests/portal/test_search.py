"""One search over everything: by whatever people have in hand, and never beyond what they may see."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.test import Client

from kit.issuing import issue
from tests.makers import make_api, make_authority, make_certificate, make_failed_call, make_gateway, make_person, make_subscription

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db
ID = "6f1c1f0e-2f0b-4b1a-9d3e-0123456789ab"


def _found(client: Client, words: str) -> list[str]:
    """Return where the results lead."""
    page = client.get("/search/", {"q": words}).content.decode()
    return [
        html.unescape(address)
        for part in re.findall(r'<ul class="found".*?</ul>', page, re.DOTALL)
        for address in re.findall(r'href="([^"]+)"', part)
    ]


def test_a_trusted_authority_is_found_by_name_subject_and_thumbprint(signed_in: Client) -> None:
    issued = issue("Warehouse Root", authority=True)
    make_authority("depot", issued)
    for words in ("depo", "warehouse root", issued.thumbprint, issued.thumbprint[-4:]):
        assert "/security/trusted-authorities/depot/" in _found(signed_in, words), words


def test_a_certificate_is_found_by_name_and_by_its_last_four(signed_in: Client) -> None:
    certificate = make_certificate("warehouse")
    assert certificate.current
    for words in ("wareh", "CN=ware", certificate.current.last_four, certificate.current.last_four.lower(), certificate.current.thumbprint):
        assert "/security/client-certificates/warehouse/" in _found(signed_in, words), words


def test_apis_subscriptions_and_gateways_are_found(signed_in: Client) -> None:
    make_subscription("partner", api=make_api("stock"))
    make_gateway("edge-west")
    assert _found(signed_in, "stock") == ["/apis/stock/", "/subscriptions/partner/"]
    assert _found(signed_in, "edge-w") == ["/gateways/"]


def test_a_failed_call_is_found_by_what_its_caller_quotes(signed_in: Client) -> None:
    make_failed_call("5f3c2a1e-0000-4000-8000-1234567890ab")
    address = "/failures/5f3c2a1e-0000-4000-8000-1234567890ab/"
    assert _found(signed_in, "5F3C2A1E-0000-4000-8000-1234567890AB") == [address]
    assert _found(signed_in, "5f3c2a") == [address]


@pytest.mark.parametrize(
    "pasted",
    [
        f"x-activity-id: {ID.upper()}",
        f'"activityId":"{ID}"',
        f"HTTP/1.1 502 Bad Gateway\nX-Activity-Id: {ID}",
        json.dumps({"statusCode": 502, "message": "The back end refused the client certificate. " * 9, "activityId": ID}, indent=2),
    ],
)
def test_a_failed_call_is_found_by_what_its_caller_pastes_whole(signed_in: Client, pasted: str) -> None:
    make_failed_call(ID)
    make_failed_call("6f1c1f0e-2f0b-4b1a-9d3e-0123456789ac")
    assert _found(signed_in, pasted) == [f"/failures/{ID}/"]
    for length in re.findall(r'name="q"[^>]*maxlength="(\d+)"', signed_in.get("/search/").content.decode()):
        assert len(pasted) < int(length)


@pytest.mark.parametrize(
    ("language", "words", "page"),
    [("en", "Client certif", "/help/client-certificates/"), ("zh-hans", "客户端证书", "/help/client-certificates/")],
)
def test_pages_and_the_guide_are_found_in_the_readers_language(signed_in: Client, language: str, words: str, page: str) -> None:
    signed_in.cookies["django_language"] = language
    found = _found(signed_in, words)
    assert found[0] == "/security/client-certificates/"
    assert page in found


def test_people_are_found_by_those_who_manage_them(signed_in: Client, administrator: User) -> None:
    make_person("marguerite")
    assert _found(signed_in, "marguer") == []
    client = Client()
    client.force_login(administrator)
    assert _found(client, "marguer") == ["/people/marguerite/"]


def test_of_many_some_are_shown_and_the_list_of_all_is_linked(signed_in: Client) -> None:
    for number in range(9):
        make_api(f"orders-{number}")
    page = signed_in.get("/search/?q=orders").content.decode()
    assert len([address for address in _found(signed_in, "orders") if address.startswith("/apis/")]) == 6
    assert 'href="/apis/?q=orders"' in page


@pytest.mark.parametrize("words", ["no such thing", "%", "_", "\\", "'\"<b>", "\0", "ß" * 500])
def test_what_is_nowhere_says_so_and_breaks_nothing(signed_in: Client, words: str) -> None:
    make_api()
    answer = signed_in.get("/search/", {"q": words})
    assert answer.status_code == 200
    assert "<b>”" not in answer.content.decode()


def test_as_one_types_only_the_results_come(signed_in: Client) -> None:
    make_api("stock")
    part = signed_in.get("/search/?q=stock", headers={"HX-Request": "true"}).content.decode()
    assert "/apis/stock/" in part
    assert "<html" not in part


def test_it_asks_little_however_much_there_is(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(12):
        make_subscription(f"s-{number}", api=make_api(f"a-{number}"))
    with django_assert_max_num_queries(16):
        signed_in.get("/search/?q=a")


def test_every_page_has_the_search(signed_in: Client) -> None:
    for path in ("/", "/apis/", "/activity/"):
        assert 'role="search" action="/search/"' in signed_in.get(path).content.decode()
