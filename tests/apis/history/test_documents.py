"""The policy document of any moment, and what differs between two."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials
from apis.policy import as_xml
from apis.policy.model import Cors
from certificates import actions as certificate_actions
from certificates.sealing import Secret
from portal.activity.trimming import trim
from portal.models import Activity
from tests.makers import issue, lead, make_api, make_back_end, make_certificate

pytestmark = pytest.mark.django_db
NOW = timezone.now()
NOTHING = actions.ApiSecurity(credentials=Credentials.NONE)


def number() -> int:
    return Activity.objects.order_by("-id")[0].id


def document(client: Client, **asked: Any) -> list[str]:
    """Return the lines of the comparison, each with its sign."""
    page = client.get("/apis/orders/policy/history/", asked).content.decode()
    found = re.search(r'<pre class="difference"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found, page
    return [line.rstrip() for line in html.unescape(re.sub(r"<[^>]+>", "", found[1])).splitlines()]


def second(lines: list[str]) -> str:
    """Return the second document of a comparison."""
    return "\n".join([*(line[2:] for line in lines if not line.startswith("−")), ""])


@pytest.fixture
def moments(signed_in: Client) -> dict[int, str]:
    """Return the document after each of a few changes, as it was rendered then."""
    api, entry = make_api(), make_certificate("orders-client")
    seen = {}

    def see() -> None:
        shown = signed_in.get("/apis/orders/policy/").context["form"]["document"].value()
        assert shown == as_xml(Api.objects.select_related("certificate__current").get().policy())
        seen[number()] = shown

    actions.secure_api(api, replace(NOTHING, credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry), by=None, now=NOW)
    see()
    certificate_actions.replace(entry, issue("next").as_pfx(), by=None, now=NOW)
    see()
    cors = Cors(origins=("https://shop.example.com",), methods=("PUT",), max_age_seconds=5)
    actions.change_calls(api, actions.ApiCalls(idle_seconds=9).with_cors(cors), by=None, now=NOW)
    see()
    basic = replace(NOTHING, credentials=Credentials.BASIC, username="ada", password=Secret(b"secret-word"))
    actions.secure_api(api, basic, by=None, now=NOW)
    see()
    certificate_actions.roll_back(entry, version=1, by=None, now=NOW)
    actions.secure_api(api, NOTHING, by=None, now=NOW)
    see()
    lead(api, make_back_end("shop"))
    see()
    actions.lead_api(api, actions.Lead(base_url="https://other.example.com"), by=None, now=NOW)
    see()
    return seen


def test_the_document_of_every_moment_is_what_it_was_then(signed_in: Client, moments: dict[int, str]) -> None:
    for line, then in moments.items():
        assert second(document(signed_in, newer=line)) == then
    assert second(document(signed_in)) == list(moments.values())[-1]


def test_what_differs_has_signs(signed_in: Client, moments: dict[int, str]) -> None:
    first, renewed, *_ = moments
    changed = [line for line in document(signed_in, older=first, newer=renewed) if line.startswith(("−", "+"))]
    assert [line[0] for line in changed] == ["−", "+"]
    assert all('certificate-id="orders-client"' in line for line in changed)
    page = signed_in.get("/apis/orders/policy/history/", {"older": first, "newer": first}).content.decode()
    assert "Both documents are the same." in page


def test_a_time_is_a_moment_too(signed_in: Client) -> None:
    api = make_api()
    actions.change_calls(api, actions.ApiCalls(idle_seconds=9), by=None, now=NOW + timedelta(days=2))
    tomorrow = f"{NOW + timedelta(days=1):%Y-%m-%dT%H:%M}"
    assert '+     <forward-request timeout="9" />' in document(signed_in, moment=tomorrow)
    assert "There was no such API yet." in signed_in.get("/apis/orders/policy/history/", {"moment": "2020-01-01T00:00"}).content.decode()


def test_before_what_is_left_of_the_log_nothing_is_claimed(signed_in: Client) -> None:
    make_api()
    trim(before=NOW + timedelta(days=1), by=None, now=NOW)
    page = signed_in.get("/apis/orders/policy/history/", {"moment": "2020-01-01T00:00"})
    assert "does not go back so far" in page.content.decode()
    assert page.status_code == 422


@pytest.mark.parametrize("asked", [{"older": "x"}, {"newer": "9" * 30}, {"moment": "yesterday"}, {"older": "-1", "newer": "²"}])
def test_nonsense_is_refused_at_the_field(signed_in: Client, asked: dict[str, str]) -> None:
    make_api()
    assert signed_in.get("/apis/orders/policy/history/", asked).status_code == 422
