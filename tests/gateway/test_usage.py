"""What pages show of calls: sums, charts with their table, the busiest APIs, small lines in lists, when a version was presented last."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from apis import actions
from apis.models import Api, Credentials
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from gateway.counts import Span, VersionCount
from tests.makers import issue, make_api, make_authority, make_certificate, make_counts, make_server_certificate

pytestmark = pytest.mark.django_db


def test_an_api_shows_how_its_calls_have_ended_and_no_more_than_the_time_asked_for(signed_in: Client) -> None:
    api = make_api()
    make_counts(api, ok=1200, client_error=30, refused_certificate=4)
    make_counts(api, minutes_ago=90, ok=100)
    make_counts(api, minutes_ago=25 * 60, ok=100_000)
    page = signed_in.get("/apis/orders/").content.decode()
    assert "1,334 calls" in page
    assert "Certificate refused <b>4</b>" in page
    assert "1,234 calls" in signed_in.get("/apis/orders/?span=1h").content.decode()
    assert "101,334 calls" in signed_in.get("/apis/orders/?span=7d").content.decode()
    assert "1,334 calls" in signed_in.get("/apis/orders/?span=nonsense").content.decode()


def test_the_table_has_the_figures_of_the_chart(signed_in: Client) -> None:
    api = make_api()
    make_counts(api, ok=12, server_error=3, latencies={"40": 9, "90": 6})
    page = signed_in.get("/apis/orders/?span=1h").content.decode()
    titles = re.findall(r"<title>(.*?)</title>", page, re.DOTALL)
    assert any("Answered (2xx): 12" in title and "Back end: error (5xx): 3" in title for title in titles)
    (row,) = re.findall(r"<tr id=\"at-\d+\">\s*<th scope=\"row\">.*?</tr>", page, re.DOTALL)
    assert re.findall(r'<td class="number">(.*?)</td>', row) == ["12", "3", "41 ms", "91 ms", "91 ms"]
    assert "half under 41 ms" in page


def test_calls_of_less_than_a_millisecond_were_under_one_millisecond(signed_in: Client) -> None:
    make_counts(make_api(), ok=9, latencies={"0": 9})
    assert "half under 1 ms, 95 % under 1 ms, 99 % under 1 ms" in signed_in.get("/apis/orders/").content.decode()


def test_failures_stand_on_the_axis_and_no_column_is_higher_than_the_chart(signed_in: Client) -> None:
    make_counts(make_api(), ok=60, no_answer=40)
    page = signed_in.get("/apis/orders/?span=1h").content.decode()
    found = re.findall(r'<rect class="(\w+)" x="\d+" y="([\d.]+)" width="8" height="([\d.]+)"', page)
    bars = {kind: (float(y), float(height)) for kind, y, height in found}
    assert bars["no_answer"][0] + bars["no_answer"][1] == pytest.approx(100)
    assert bars["ok"][0] + bars["ok"][1] == pytest.approx(bars["no_answer"][0])
    assert bars["ok"][0] >= 0


@pytest.mark.parametrize(("language", "day"), [("en", r"\d{1,2} [A-Z][a-z]{2}"), ("zh-hans", r"\d{1,2}/\d{1,2}")])
def test_days_below_a_chart_are_short_in_either_language(signed_in: Client, language: str, day: str) -> None:
    make_counts(make_api(), ok=1)
    page = signed_in.get("/apis/orders/?span=7d", headers={"Accept-Language": language}).content.decode()
    times = re.findall(r"<li>(.*?)</li>", page[page.index('class="times"') :].partition("</ol>")[0])
    assert len(times) == 6
    assert all(re.fullmatch(day, time) for time in times)


def test_what_was_changed_is_marked_where_it_was_changed(signed_in: Client) -> None:
    api = make_api()
    make_counts(api, ok=1)
    chosen = actions.ApiSecurity(credentials=Credentials.NONE)
    actions.secure_api(api, chosen, by=None, now=timezone.now())
    page = signed_in.get("/apis/orders/?span=1h").content.decode()
    assert "changed the security of the API" in page[page.index("Changed meanwhile") :]
    assert re.search(r'<line x1="9\d\.\d\d%"', page)


def test_a_switch_of_certificate_is_named_in_the_chart(signed_in: Client) -> None:
    api, certificate = make_api(), make_certificate("partner-bank-production")
    make_counts(api, ok=1)
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    actions.secure_api(api, chosen, by=None, now=timezone.now() - timedelta(minutes=30))
    certificate_actions.replace(certificate, issue("partner-bank").as_pfx(), by=None, now=timezone.now())
    for number in range(25):  # more than there is room for
        settings = replace(actions.ApiSettings.of(api), display_name=f"Orders {number}")
        actions.change_api(Api.objects.get(), settings, by=None, now=timezone.now())
    page = signed_in.get("/apis/orders/?span=1h").content.decode()
    current = ClientCertificate.objects.get().current
    assert current is not None
    labels = re.findall(r"<tspan>(.*?)</tspan>", page[page.index('class="marks"') :].partition("</svg>")[0])
    assert labels == [current.last_four, "partner-bank-pr…"]


def test_an_api_that_nobody_has_called_says_so(signed_in: Client) -> None:
    make_api()
    assert "No call in this time." in signed_in.get("/apis/orders/").content.decode()


def test_the_dashboard_counts_all_calls_and_names_the_busiest_apis(signed_in: Client) -> None:
    for number in range(1, 8):
        make_counts(make_api(f"api-{number}"), ok=number * 1000)
    make_counts(None, gateway=5)
    page = signed_in.get("/").content.decode()
    assert "<b>28,005</b>" in page
    table = page[page.index('id="busiest"') :]
    places = [table.index(f">Api-{number}<") for number in (7, 6, 5, 4, 3)]
    assert places == sorted(places)
    assert ">Api-2<" not in table[: table.index("</table>")]


def test_the_list_of_apis_has_a_small_line_for_each_that_was_called(signed_in: Client) -> None:
    make_counts(make_api("called"), ok=5)
    make_api("idle")
    page = signed_in.get("/apis/").content.decode()
    assert page.count('class="sparkline"') == 1
    assert "some have failed" not in page
    make_counts(Api.objects.get(name="idle"), no_answer=2)
    assert signed_in.get("/apis/").content.decode().count("Calls in 24 hours; some have failed") == 1


def test_a_version_tells_when_it_was_presented_last(signed_in: Client) -> None:
    api, certificate = make_api(), make_certificate()
    now = timezone.now()
    of_it = {"version": certificate.current, "api": api, "span": Span.DAY}
    VersionCount.objects.create(**of_it, at=Span.DAY.begin(now), last_at=now - timedelta(minutes=3), ok=1)
    assert "3 minutes ago" in signed_in.get("/security/client-certificates/orders-client/").content.decode()


def _ended(page: str) -> list[str]:
    """Return what a page says of how the calls with each version have ended, the newest version first."""
    cells = re.findall(r"<small>Calls in the last 24 hours:(.*?)</small>", page, re.DOTALL)
    return [" ".join(strip_tags(cell).split()) for cell in cells]


def test_a_version_tells_how_the_calls_of_a_day_with_it_have_ended(
    signed_in: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = "/security/client-certificates/orders-client/"
    certificate, now = make_certificate(), timezone.now()
    hour = Span.HOUR.begin(now)
    for api in (make_api("orders"), make_api("stock")):
        of_it = {"version": certificate.current, "api": api, "span": Span.HOUR, "last_at": now}
        VersionCount.objects.create(**of_it, at=hour, ok=600, refused_certificate=17, no_answer=1)
        VersionCount.objects.create(**of_it, at=hour - timedelta(hours=24), server_error=5)
    certificate_actions.replace(certificate, issue("renewed").as_pfx(), by=None, now=now)
    with CaptureQueriesContext(connection) as of_two:
        page = signed_in.get(path).content.decode()
    assert _ended(page) == ["—", "Answered (2xx) 1,200, Certificate refused 34, No answer 2"]
    for name in ("renewed-again", "and-again"):
        certificate_actions.replace(certificate, issue(name).as_pfx(), by=None, now=now)
    with django_assert_num_queries(len(of_two)):
        assert len(_ended(signed_in.get(path).content.decode())) == 4


def test_of_certificates_that_no_call_presents_no_calls_are_told(signed_in: Client) -> None:
    make_server_certificate()
    make_authority()
    for path in ("/security/server-certificates/api.example.com/", "/security/trusted-authorities/example/"):
        page = signed_in.get(path).content.decode()
        assert 'id="versions"' in page
        assert "Calls in the last 24 hours" not in page


def test_the_way_to_the_first_call_is_gone_once_a_back_end_has_answered(signed_in: Client) -> None:
    api = make_api()
    assert "The way to your first call" in signed_in.get("/").content.decode()
    make_counts(api, no_answer=2)
    assert "The way to your first call" in signed_in.get("/").content.decode()
    make_counts(api, ok=1)
    assert "The way to your first call" not in signed_in.get("/").content.decode()
