"""The activity log tells of tokens: who made them, when they are used, what is done by them, what they are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from portal.models import Activity, Event
from portal.sentences import tell
from rest import actions
from rest.models import AccessToken
from tests.makers import make_api
from tests.rest.conftest import Wire

NEW_API = {"displayName": "New", "path": "new", "serviceUrl": "https://new.example.com"}


@pytest.fixture
def evil(administrator: User, publisher: User) -> Wire:
    """Return a client with a token that acts for the publisher and was made by the administrator."""
    made = actions.create_token(publisher, name="evil", by=administrator, now=timezone.now())
    return Wire(made.token.value.decode())


def lines(event: Event) -> list[Activity]:
    return list(Activity.objects.filter(event=event).order_by("id"))


def test_every_change_by_a_token_names_it_and_who_made_it(evil: Wire, publisher: User) -> None:
    assert evil.put("apis/fresh", NEW_API).status_code == 201
    assert evil.delete("apis/fresh", If_Match="*").status_code in {200, 204}
    for event in (Event.API_CREATED, Event.API_DELETED):
        (line,) = lines(event)
        assert line.actor == publisher
        assert line.through == {"token": "evil", "identifier": AccessToken.objects.get().identifier, "made_by": "administrator"}
    told = tell(lines(Event.API_CREATED))[0].sentence
    assert "<strong>publisher</strong> (by the token <bdi>evil</bdi> of <bdi>administrator</bdi>)" in told


def test_what_people_do_themselves_names_no_token(evil: Wire, signed_in: Client, publisher: User) -> None:
    evil.put("apis/fresh", NEW_API)
    signed_in.post("/apis/fresh/delete/")
    (line,) = lines(Event.API_DELETED)
    assert (line.actor, line.through) == (publisher, {})


def test_the_maker_stays_named(evil: Wire, administrator: User) -> None:
    administrator.delete()
    evil.put("apis/fresh", NEW_API)
    assert lines(Event.API_CREATED)[0].through["made_by"] == "administrator"


def test_that_a_token_is_used_is_told_once_a_day(evil: Wire, publisher: User) -> None:
    for _ in range(5):
        assert evil.get("apis").status_code == 200
    (line,) = lines(Event.TOKEN_USED)
    assert (line.actor, line.subject_name, line.through["made_by"]) == (publisher, "evil", "administrator")
    AccessToken.objects.update(last_used_at=timezone.now() - timedelta(days=1))
    assert evil.get("apis").status_code == 200
    assert len(lines(Event.TOKEN_USED)) == 2


def test_wrong_tokens_are_told_without_what_was_sent(evil: Wire) -> None:
    evil.get("apis", Authorization="Bearer nearly-right-7f")
    (line,) = lines(Event.TOKEN_FAILED)
    assert line.details == {"address": "127.0.0.1"}
    assert not any("nearly-right" in str(row) for row in Activity.objects.values_list())


def test_what_a_token_is_refused_is_told(viewer: User, administrator: User) -> None:
    make_api("orders")
    made = actions.create_token(viewer, name="reader", by=administrator, now=timezone.now())
    wire = Wire(made.token.value.decode())
    assert wire.delete("apis/orders", If_Match="*").status_code == 403
    (line,) = lines(Event.ACCESS_REFUSED)
    assert (line.actor, line.through["token"]) == (viewer, "reader")
    assert line.subject_name.startswith("DELETE /management/subscriptions/")


@pytest.mark.django_db
def test_an_export_of_the_configuration_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export")
    assert len(lines(Event.CONFIGURATION_EXPORTED)) == 1
