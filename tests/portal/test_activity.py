"""The page of the activity log."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions
from apis.models import Api
from portal.models import Activity, Event
from portal.sentences import SENTENCES, tell
from portal.subjects import KINDS
from tests.makers import make_api, make_certificate, make_subscription, make_usage


def _write(number: int, **values: str) -> None:
    Activity.objects.bulk_create(
        Activity(**{"at": timezone.now(), "event": Event.API_CHANGED, "subject_id": str(i), "subject_name": f"api-{i}", **values})
        for i in range(number)
    )


@pytest.mark.parametrize("event", Event)
def test_every_event_has_a_sentence_and_its_kind_a_name(event: Event) -> None:
    assert str(SENTENCES[event]).count("{who}") == 1
    assert event.partition(".")[0] in KINDS


def test_it_says_who_did_what_to_what(signed_in: Client, publisher: User) -> None:
    api = make_api("orders")
    actions.delete_api(api, by=publisher, now=timezone.now())
    page = signed_in.get("/activity/").content.decode()
    assert "<strong>publisher</strong> deleted the API <strong><bdi>orders</bdi></strong>" in page
    assert "<strong>The system</strong> added the API" in page


def test_names_are_never_markup(signed_in: Client) -> None:
    _write(1, subject_name="<script>alert(1)</script>", actor_name="<b>x")
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
    _write(500)
    for path in ("/activity/", "/activity/?page=2", "/activity/?page=11"):
        with django_assert_max_num_queries(12):
            signed_in.get(path)


def test_the_dashboard_asks_little_however_much_there_is(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(12):
        make_usage(make_api(f"api-{number}"))
    with django_assert_max_num_queries(23):
        signed_in.get("/")
    assert Api.objects.count() == 12


def test_a_subject_that_still_exists_is_a_link(db: None) -> None:
    make_certificate("kept")
    (told,) = tell(Activity.objects.all())
    assert '<a href="/security/client-certificates/kept/"><bdi>kept</bdi></a>' in told.sentence
