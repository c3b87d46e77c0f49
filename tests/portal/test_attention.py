"""What the dashboard puts first: what somebody has to look at, the worst before the rest, and nothing that is well."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials
from certificates.models import CertificateVersion, ClientCertificate
from gateway.models import Gateway
from portal.attention import Concern, Level, concerns
from portal.models import Activity
from tests.makers import make_api, make_certificate, make_counts, make_failed_call, make_gateway

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def _everybodys(*, in_a_minute: bool = False) -> list[Concern]:
    return concerns(lambda _permission: True, now=timezone.now() + timedelta(minutes=in_a_minute))


def _kinds(*, in_a_minute: bool = False) -> list[str]:
    return [str(concern.kind) for concern in _everybodys(in_a_minute=in_a_minute)]


def _ends(certificate: ClientCertificate, days: int) -> None:
    CertificateVersion.objects.filter(certificate=certificate).update(not_after=timezone.now() + timedelta(days=days, minutes=5))


def _bound(name: str, *, days: int) -> Api:
    """Return an API that presents a certificate which ends in so many days."""
    certificate = make_certificate(name)
    _ends(certificate, days)
    api = make_api(f"api-of-{name}")
    actions.secure_api(
        api, actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate), by=None, now=timezone.now()
    )
    return api


def test_a_certificate_that_has_ended_is_told_of_while_an_api_uses_it(signed_in: Client) -> None:
    _bound("orders", days=-4)
    _ends(make_certificate("unused"), -4)
    (concern,) = _everybodys()
    assert (concern.level, str(concern.kind), concern.things[0].name, str(concern.extent)) == (
        Level.BAD,
        "Expired, in use",
        "orders",
        "1 API",
    )
    page = signed_in.get("/").content.decode()
    attention = page[page.index('id="attention"') :].partition("</section>")[0]
    assert 'href="/security/client-certificates/orders/"' in attention
    assert "days ago" in attention
    assert "unused" not in attention


def test_those_that_will_end_share_a_line_the_most_urgent_named(db: None) -> None:
    for days in (25, 4, 13, 19):
        _bound(f"in-{days}", days=days)
    _bound("later", days=90)
    (concern,) = _everybodys()
    assert [thing.name for thing in concern.things] == ["in-4", "in-13"]
    assert (concern.level, concern.more, str(concern.extent), str(concern.action)) == (Level.WARN, 2, "4 APIs", "Show 4")


def test_many_that_have_ended_do_not_fill_the_page(db: None) -> None:
    for number in range(6):
        _bound(f"old-{number}", days=-1 - number)
    found = _everybodys()
    assert [concern.things[0].name for concern in found] == ["old-0", "old-1", "old-2"]
    assert (len(found[2].things), found[2].more) == (2, 2)


def test_an_api_fails_while_its_calls_do_and_is_well_when_they_have_been_answered_since(signed_in: Client) -> None:
    api = make_api("stock")
    make_counts(api, minutes_ago=20, ok=30, no_answer=12)
    make_counts(api, minutes_ago=1, refused_certificate=8)
    make_failed_call("5f3c-9", api=api)
    mended = make_api("mended")
    make_counts(mended, minutes_ago=30, no_answer=500)
    make_counts(mended, minutes_ago=2, ok=500)
    (concern,) = _everybodys()
    assert (str(concern.kind), concern.things[0].name, str(concern.extent)) == ("Failing", "Stock", "20 of 50 calls in 1 hour")
    page = signed_in.get("/").content.decode()
    assert '/failures/?api=stock"' in page


def test_a_gateway_that_has_not_taken_a_change_is_behind_and_nothing_is_green(signed_in: Client) -> None:
    make_api()
    make_gateway(applied_change=0)
    page = signed_in.get("/").content.decode()
    assert "All changes accepted" not in page
    assert "1 behind" in page
    assert _kinds() == []  # the change is a moment old
    assert _kinds(in_a_minute=True) == ["Gateway behind"]
    (behind,) = _everybodys(in_a_minute=True)
    assert [api.name for api in signed_in.get(behind.path).context["page"]] == ["orders"]
    Gateway.objects.update(applied_change=Activity.objects.latest("id").pk)
    assert _kinds(in_a_minute=True) == []
    assert "All changes accepted" in signed_in.get("/").content.decode()


def test_a_gateway_that_went_away_is_told_of(db: None) -> None:
    make_gateway(connected=False)
    assert _kinds() == ["Gateway away"]


def test_the_worst_comes_first(db: None) -> None:
    make_gateway(connected=False)
    _bound("soon", days=3)
    _bound("over", days=-3)
    levels = [concern.level for concern in _everybodys()]
    assert levels == sorted(levels)
    assert levels[0] is Level.BAD


def test_nobody_is_told_what_they_may_not_see(db: None) -> None:
    make_gateway(connected=False)
    _bound("over", days=-3)
    seen = concerns({"gateway.view_gateway"}.__contains__, now=timezone.now())
    assert [str(concern.kind) for concern in seen] == ["Gateway away"]


def test_the_dashboard_comes_anew_without_its_frame(signed_in: Client) -> None:
    make_counts(make_api(), ok=1)
    part = signed_in.get("/", headers={"HX-Request": "true"}).content.decode()
    assert "Nothing needs you now." in part
    assert "<html" not in part


def test_what_the_dashboard_asks_does_not_grow(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(7):
        make_counts(_bound(f"old-{number}", days=-1), no_answer=number + 1)
        _bound(f"soon-{number}", days=number + 1)
        make_gateway(f"gateway-{number}")
    with django_assert_max_num_queries(80):
        page = signed_in.get("/").content.decode()
    assert len(re.findall(r'class="state bad"', page)) == 8


def test_what_has_failed_most_in_a_day_is_ranked_by_it(signed_in: Client) -> None:
    for number in range(1, 4):
        make_counts(make_api(f"api-{number}"), minutes_ago=300, ok=1000, no_answer=number)
    make_counts(make_api("fine"), minutes_ago=300, ok=5000)
    page = signed_in.get("/").content.decode()
    failing = page[page.index('id="failing"') :].partition("</table>")[0]
    places = [failing.index(f">Api-{number}<") for number in (3, 2, 1)]
    assert places == sorted(places)
    assert "0.3 %" in failing
    assert ">Fine<" not in failing
