"""The page of the activity log."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions
from apis.models import Api
from portal.activity.reading import LINES_PER_PAGE
from portal.activity.writing import write
from portal.listing import PAGE_SIZE
from portal.models import Activity, Event
from portal.sentences import SENTENCES, tell
from portal.subjects import KINDS
from tests.makers import make_api, make_certificate, make_counts, make_lines, make_subscription

# What nobody who is known has done.
NOBODY = {Event.SIGN_IN_FAILED, Event.SIGN_IN_CLOSED, Event.TOKEN_FAILED, Event.LOG_SUMMED}


@pytest.mark.parametrize("event", Event)
def test_every_event_has_a_sentence_and_its_kind_a_name(event: Event) -> None:
    sentence = str(SENTENCES[event])
    assert sentence.count("{who}") == 1 or (sentence.count("{who}") == 0 and event in NOBODY)
    assert event.partition(".")[0] in KINDS


def test_it_says_who_did_what_to_what(signed_in: Client, publisher: User) -> None:
    api = make_api("orders")
    actions.delete_api(api, by=publisher, now=timezone.now())
    page = signed_in.get("/activity/").content.decode()
    assert "<strong>publisher</strong> deleted the API <strong><bdi>orders</bdi></strong>" in page
    assert "<strong>The system</strong> added the API" in page


def test_names_are_never_markup(signed_in: Client) -> None:
    make_lines(1, subject_name="<script>alert(1)</script>", actor_name="<b>x")
    assert b"<script>alert" not in signed_in.get("/activity/").content


@pytest.mark.parametrize(
    ("query", "shown", "absent"),
    [
        ("kind=certificate", "client-one", "orders"),
        ("kind=api", "orders", "client-one"),
        ("q=ORD", "orders", "client-one"),
        ("who=-", "orders", "nobody"),
        ("who=publisher", "Nothing matches", "orders"),
        ("kind=nonsense&page=99", "orders", "Nothing matches"),
        ("kind=api.created", "orders", "client-one"),
        ("kind=api.deleted", "Nothing matches", "orders"),
        ("from=2026-01-01&to=2100-01-01", "orders", "Nothing matches"),
        ("from=2100-01-01", "Nothing matches", "orders"),
        ("to=2020-01-01", "Nothing matches", "orders"),
        ("from=nonsense&before=x&after=-1", "orders", "Nothing matches"),
        ("before=99999999999999999999", "orders", "Nothing matches"),
        ("q=client-one&kind=certificate&who=-", "client-one", "orders"),
    ],
)
def test_it_is_narrowed_by_kind_person_and_subject(signed_in: Client, query: str, shown: str, absent: str) -> None:
    make_certificate("client-one")
    make_api("orders")
    page = signed_in.get(f"/activity/?{query}", headers={"HX-Request": "true"}).content.decode()
    assert shown in page
    assert absent not in page


def test_htmx_gets_the_lines_alone_and_a_restored_page_the_whole(signed_in: Client) -> None:
    assert b"<html" not in signed_in.get("/activity/", headers={"HX-Request": "true"}).content
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert b"<html" in signed_in.get("/activity/", headers=restored).content


def test_the_number_of_queries_does_not_grow(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(5):
        make_certificate(f"client-{number}")
        make_subscription(f"sub-{number}", api=make_api(f"api-{number}"))
    make_lines(500)
    for path in ("/activity/", "/activity/?before=300", "/activity/?after=300"):
        with django_assert_max_num_queries(12 + len(KINDS)):  # of whoever sees some kinds only, each is asked for
            signed_in.get(path)


def test_the_dashboard_asks_little_however_much_there_is(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(12):
        make_counts(make_api(f"api-{number}"), ok=12)
    with django_assert_max_num_queries(34 + len(KINDS)):
        signed_in.get("/")
    assert Api.objects.count() == 12


def test_a_subject_that_still_exists_is_a_link(db: None) -> None:
    make_certificate("kept")
    (told,) = tell(Activity.objects.all())
    assert '<a href="/security/client-certificates/kept/"><bdi>kept</bdi></a>' in told.sentence


def _numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r"<bdi>line-(\d+)</bdi>", page)]


@pytest.mark.parametrize("query", ["", "&q=line", "&kind=api", "&who=-"])
def test_pages_lead_from_the_newest_to_the_oldest_and_back(signed_in: Client, query: str) -> None:
    lines = 2 * LINES_PER_PAGE + 7
    write(Activity(at=timezone.now(), event=Event.API_CHANGED, subject_id="1", subject_name=f"line-{one}") for one in range(lines))
    seen, address, back = [], f"/activity/?{query}", []
    while address:
        page = html.unescape(signed_in.get(address).content.decode())
        seen.append(_numbers(page))
        back += re.findall(r'rel="prev" href="([^"]+)"', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address = f"/activity/{found[1]}" if found else ""
    assert [number for page in seen for number in page] == list(range(lines))[::-1]
    assert _numbers(signed_in.get(f"/activity/{back[-1]}").content.decode()) == seen[-2]
    assert _numbers(signed_in.get(f"/activity/{back[0]}").content.decode()) == seen[0]


def test_a_search_that_many_names_hold_finds_the_newest(signed_in: Client) -> None:
    make_lines(200)
    make_lines(1, subject_name="api-newest")
    assert "api-newest" in signed_in.get("/activity/?q=API-").content.decode()


@pytest.mark.parametrize("query", ["", "?q=api-7", "?q=api", "?kind=api", "?kind=api.changed", "?who=-", "?from=2026-01-01&to=2100-01-01"])
def test_the_number_of_queries_is_small_with_every_filter(
    signed_in: Client, query: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_lines(300)
    with django_assert_max_num_queries(14 + len(KINDS)):
        signed_in.get(f"/activity/{query}")


def test_people_are_offered_to_whoever_may_see_them(client: Client, administrator: User, publisher: User) -> None:
    client.force_login(publisher)
    assert "administrator</option>" not in client.get("/activity/").content.decode()
    assert 'value="administrator"' not in client.get("/activity/").content.decode()
    client.force_login(administrator)
    assert 'value="publisher"' in client.get("/activity/").content.decode()


@pytest.mark.parametrize(
    "odd",
    [
        {"event": "future.event"},
        {"details": [1], "changes": [1], "through": [1]},
        {"details": {"number": "x", "roles": "y", "minutes": None, "address": True, "lines": {}}},
        {"changes": {"path": 7, "name": [], "credentials": [["x"], {"y": 1}]}},
        {"event": Event.LOG_SUMMED, "subject_name": "no event"},
        {"subject_id": "x", "subject_name": ""},
    ],
)
def test_lines_of_another_version_or_tampered_with_break_no_page(client: Client, administrator: User, odd: dict[str, Any]) -> None:
    client.force_login(administrator)
    make_lines(1, **odd)
    for path in ("/activity/", "/", "/activity/?q=x&kind=api"):
        assert client.get(path).status_code == 200


@pytest.fixture
def office(administrator: User) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


def test_a_person_is_chosen_from_pages_that_are_searched_and_the_rest_stays_narrowed(office: Client) -> None:
    User.objects.bulk_create([User(username=f"person-{number:03}", first_name=f"Name {number}") for number in range(60)])
    link = re.search(r'href="(/activity/people/[^"]+)"', office.get("/activity/?kind=api&from=2026-01-01&who=x&after=3").content.decode())
    assert link
    first = office.get(html.unescape(link[1])).content.decode()
    assert first.count('class="subject"') == PAGE_SIZE
    second = office.get(html.unescape(_link(first, "next"))).content.decode()
    chosen = html.unescape(re.findall(r'class="subject" href="([^"]+)"', second)[0])
    assert chosen == "/activity/?kind=api&from=2026-01-01&who=person-024"
    assert office.get(chosen).status_code == 200

    found = office.get("/activity/people/?q=name+42&for=kind%3Dapi%26next%3Dx").content.decode()
    assert re.findall(r'class="subject" href="([^"]+)"', found) == ["/activity/?kind=api&amp;who=person-042"]
    assert "Nothing is found" in office.get("/activity/people/?q=nobody").content.decode()


def test_names_of_people_to_choose_from_are_never_parts_of_an_address(office: Client) -> None:
    User.objects.create(username="a&kind=api+%2F")
    page = office.get("/activity/people/?q=a%26kind").content.decode()
    assert "/activity/?who=a%26kind%3Dapi%2B%252F" in page


def _link(page: str, relation: str) -> str:
    found = re.search(rf'rel="{relation}" href="([^"]+)"', page)
    assert found
    return f"/activity/people/{found[1]}"
