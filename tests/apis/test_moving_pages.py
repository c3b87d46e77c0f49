"""Moving APIs to another certificate: chosen ones, compared, tried and confirmed, in one change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions as api_actions
from apis.models import Api, BasicCredentials, Credentials
from apis.moving import actions
from apis.moving.keeper import Moves
from apis.moving.models import Move, TriedMove
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from certificates.rollout.models import Outcome, Rules
from certificates.rollout.proposals import When
from certificates.sealing import Secret
from kit.issuing import issue
from portal.models import Activity, Event
from portal.troubles import troubles
from tests.makers import make_api, make_certificate

pytestmark = pytest.mark.django_db
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
OLD, NEW = issue("old"), issue("new")
EXPIRED = issue("expired", not_before=YESTERDAY - timedelta(days=90), not_after=YESTERDAY)
PAGE = "/security/client-certificates/old/move/"


@pytest.fixture
def old() -> ClientCertificate:
    return make_certificate("old", OLD)


@pytest.fixture
def new() -> ClientCertificate:
    return make_certificate("new", NEW)


@pytest.fixture
def apis(old: ClientCertificate, new: ClientCertificate) -> list[Api]:
    """Return three APIs that present the old certificate."""
    assert new
    return [_presenting(old, name) for name in ("one", "two", "three")]


def _presenting(entry: ClientCertificate | None, name: str, **chosen: Any) -> Api:
    credentials = Credentials.CLIENT_CERTIFICATE if entry else Credentials.NONE
    security = {"credentials": credentials, "certificate": entry, **chosen}
    return api_actions.secure_api(make_api(name), api_actions.ApiSecurity(**security), by=None, now=timezone.now())


def _presented() -> dict[str, str | None]:
    return dict(Api.objects.values_list("name", "certificate__name"))


def _propose(client: Client, **chosen: Any) -> Move:
    answer = client.post(PAGE, {"to": "new", **chosen})
    move = Move.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/apis/moves/{move.pk}/")
    return move


def _came_out(move: Move, **outcomes: Outcome) -> None:
    """Store what a try has shown, as the process that tries does."""
    TriedMove.objects.bulk_create(
        TriedMove(move=move, api=name, display_name=name.title(), back_end="b:443", gateway="north", outcome=outcome)
        for name, outcome in outcomes.items()
    )
    Move.objects.filter(pk=move.pk).update(tried_for=Move.objects.get(pk=move.pk).try_asked_at, tried_at=timezone.now())


@pytest.mark.usefixtures("apis")
def test_until_it_is_confirmed_nothing_is_moved_and_the_page_compares_both(signed_in: Client) -> None:
    move = _propose(signed_in)
    assert set(_presented().values()) == {"old"}
    page = signed_in.get(f"/apis/moves/{move.pk}/").content.decode()
    for words in (OLD.thumbprint[-4:], NEW.thumbprint[-4:], "Not tried yet" if not move.try_asked_at else "being shown", "3 APIs"):
        assert words in page
    assert not Activity.objects.filter(event=Event.CERTIFICATE_APIS_MOVED).exists()


def test_what_is_confirmed_moves_together_and_the_log_tells_it_of_each_and_of_all(
    signed_in: Client, publisher: User, apis: list[Api]
) -> None:
    move = _propose(signed_in)
    answer = signed_in.post(f"/apis/moves/{move.pk}/", {"when": "now"}, follow=True)
    assert "3 APIs were moved to new." in answer.content.decode()
    assert set(_presented().values()) == {"new"}
    *each, of_all = Activity.objects.order_by("-id")[:4][::-1]
    assert {(line.event, line.subject_name, line.at) for line in each} == {(Event.API_SECURED, api.name, of_all.at) for api in apis}
    assert all(line.changes["certificate"] == ["old", "new"] for line in each)
    assert (of_all.event, of_all.subject_name, of_all.actor) == (Event.CERTIFICATE_APIS_MOVED, "new", publisher)
    assert of_all.changes["apis"] == ["", ["One", "Two", "Three"]]
    assert not Move.objects.exists()
    assert [api.revision + 1 for api in apis] == [Api.objects.get(pk=api.pk).revision for api in apis]


@pytest.mark.usefixtures("apis")
def test_only_those_that_are_ticked_move(signed_in: Client) -> None:
    move = _propose(signed_in, listed="1", apis=["one", "three"])
    signed_in.post(f"/apis/moves/{move.pk}/", {"when": "now"})
    assert _presented() == {"one": "new", "two": "old", "three": "new"}


@pytest.mark.usefixtures("apis")
@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"to": "new", "listed": "1"}, "Choose at least one API."),
        ({"to": "new", "apis": ["one", "nowhere"]}, "There is no such API to move here: nowhere."),
        ({"to": "nothing"}, "There is no client certificate"),
        ({"to": ""}, "This field is required."),
        ({"to": "old"}, "All of these APIs present this certificate already."),
    ],
)
def test_what_makes_no_sense_is_said_and_proposes_nothing(signed_in: Client, sent: dict[str, Any], words: str) -> None:
    answer = signed_in.post(PAGE, sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Move.objects.exists()


@pytest.mark.usefixtures("apis")
def test_an_api_of_which_a_try_has_seen_nothing_is_none_of_those_that_accept_it(signed_in: Client) -> None:
    move = _propose(signed_in)
    _came_out(move, one=Outcome.ACCEPTED, two=Outcome.REFUSED)
    signed_in.post(f"/apis/moves/{move.pk}/", {"when": "accepted"})
    assert _presented() == {"one": "new", "two": "old", "three": "old"}


@pytest.mark.usefixtures("apis")
def test_one_request_that_says_all_moves_at_once(signed_in: Client) -> None:
    answer = signed_in.post(PAGE, {"to": "new", "apis": ["two"], "when": "now"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/security/client-certificates/new/")
    assert _presented() == {"one": "old", "two": "new", "three": "old"}


@pytest.mark.usefixtures("apis")
def test_a_back_end_that_refuses_is_named_and_one_goes_on_with_the_others(signed_in: Client) -> None:
    move = _propose(signed_in)
    _came_out(move, one=Outcome.ACCEPTED, two=Outcome.REFUSED, three=Outcome.NOT_ASKED)
    assert "The back end of Two does not accept it" in signed_in.get(f"/apis/moves/{move.pk}/").content.decode()
    answer = signed_in.post(f"/apis/moves/{move.pk}/", {"when": "accepted"}, follow=True)
    assert "These stay as they are, for their back ends did not accept it: Two." in answer.content.decode()
    assert _presented() == {"one": "new", "two": "old", "three": "new"}


@pytest.mark.usefixtures("apis")
def test_who_accepts_it_is_not_guessed_before_the_try_has_ended(signed_in: Client) -> None:
    move = _propose(signed_in)
    answer = signed_in.post(f"/apis/moves/{move.pk}/", {"when": "accepted"})
    assert answer.status_code == 422
    assert "The try has not ended" in answer.content.decode()
    assert set(_presented().values()) == {"old"}


@pytest.mark.usefixtures("old")
def test_apis_without_or_with_other_credentials_are_chosen_from_the_list_and_passwords_are_forgotten(
    signed_in: Client, new: ClientCertificate
) -> None:
    _presenting(None, "bare")
    _presenting(None, "basic", credentials=Credentials.BASIC, username="orders", password=Secret(b"hidden"))
    address = "/apis/moves/new/?apis=bare&apis=basic"
    assert "HTTP basic" in signed_in.get(address).content.decode()
    page = signed_in.post(address, {"to": new.name, "listed": "1", "apis": ["bare", "basic"]}, follow=True).content.decode()
    assert "2 APIs present no certificate now." in page
    assert "the stored user name and password are forgotten" in page
    signed_in.post(f"/apis/moves/{Move.objects.get().pk}/", {"when": "now"})
    assert _presented() == {"bare": "new", "basic": "new"}
    assert not BasicCredentials.objects.exists()
    line = Activity.objects.get(event=Event.API_SECURED, subject_name="basic", details__certificate="new")
    assert line.changes["password"] == {"hidden": True}
    assert "hidden" not in str(line.changes["credentials"])


@pytest.mark.usefixtures("apis")
def test_an_api_over_http_stops_the_move_and_is_named(signed_in: Client) -> None:
    make_api("plain", service_url="http://plain.example.com")
    answer = signed_in.post("/apis/moves/new/", {"to": "new", "apis": ["one", "plain"]})
    assert answer.status_code == 422
    assert "No certificate can be presented over http" in answer.content.decode()
    assert "plain" in answer.content.decode()
    assert "new" not in _presented().values()


@pytest.mark.usefixtures("apis")
def test_a_certificate_that_back_ends_may_refuse_has_to_be_meant(signed_in: Client) -> None:
    make_certificate("expired", EXPIRED)
    signed_in.post(PAGE, {"to": "expired", "when": "now"})
    move = Move.objects.get()
    assert set(_presented().values()) == {"old"}
    address = f"/apis/moves/{move.pk}/"
    assert "What is warned of above is meant" in signed_in.get(address).content.decode()
    assert signed_in.post(address, {"when": "now"}).status_code == 422
    assert signed_in.post(address, {"when": "now", "confirmed": "on"}).status_code == 303
    assert set(_presented().values()) == {"expired"}


def test_an_api_that_was_changed_meanwhile_is_named_and_nothing_moves_until_somebody_looked_again(
    signed_in: Client, old: ClientCertificate, apis: list[Api]
) -> None:
    move = _propose(signed_in)
    api_actions.secure_api(apis[1], api_actions.ApiSecurity(credentials=Credentials.NONE), by=None, now=timezone.now())
    answer = signed_in.post(f"/apis/moves/{move.pk}/", {"when": "now"})
    assert answer.status_code == 409
    assert "These APIs were changed meanwhile: Two." in answer.content.decode()
    assert _presented() == {"one": old.name, "two": None, "three": old.name}
    assert signed_in.post(f"/apis/moves/{move.pk}/", {"when": "now"}).status_code == 303
    assert set(_presented().values()) == {"new"}


@pytest.mark.usefixtures("apis")
def test_a_certificate_that_was_replaced_meanwhile_is_tried_anew(signed_in: Client, new: ClientCertificate) -> None:
    move = _propose(signed_in)
    _came_out(move, one=Outcome.ACCEPTED)
    certificate_actions.replace(new, issue("new").as_pfx(), by=None, now=timezone.now())
    answer = signed_in.post(f"/apis/moves/{move.pk}/", {"when": "accepted"})
    assert answer.status_code == 409
    assert "The certificate was replaced meanwhile." in answer.content.decode()
    move.refresh_from_db()
    assert move.is_being_tried


@pytest.mark.usefixtures("apis")
def test_where_another_person_confirms_the_same_does_not(signed_in: Client, new: ClientCertificate, administrator: User) -> None:
    Rules.objects.create(certificate=new, another_person=True)
    move = _propose(signed_in, when="now")
    answer = signed_in.post(f"/apis/moves/{move.pk}/", {"when": "now"})
    assert answer.status_code == 422
    assert "another person confirms it" in answer.content.decode()
    another = Client()
    another.force_login(administrator)
    assert another.post(f"/apis/moves/{move.pk}/", {"when": "now"}).status_code == 303


class TestPlanned:
    """Moves that wait for a moment or for the back ends."""

    @pytest.mark.usefixtures("apis")
    def test_a_move_at_a_moment_is_made_once_in_the_name_of_who_confirmed_it(self, signed_in: Client, publisher: User) -> None:
        move = _propose(signed_in)
        at = (timezone.now() + timedelta(hours=1)).isoformat()
        assert signed_in.post(f"/apis/moves/{move.pk}/", {"when": "at", "at": at}).status_code == 303
        assert "A move of APIs to new is planned." in signed_in.get("/security/client-certificates/old/").content.decode()
        Moves().step()
        assert set(_presented().values()) == {"old"}
        Move.objects.update(at=timezone.now())
        Moves().step()
        Moves().step()
        assert set(_presented().values()) == {"new"}
        assert Activity.objects.get(event=Event.CERTIFICATE_APIS_MOVED).actor == publisher

    @pytest.mark.usefixtures("apis")
    def test_a_move_after_the_try_waits_until_every_back_end_accepts(self, signed_in: Client) -> None:
        move = _propose(signed_in, when="after-try")
        _came_out(move, one=Outcome.ACCEPTED, two=Outcome.REFUSED, three=Outcome.ACCEPTED)
        Moves().step()
        assert set(_presented().values()) == {"old"}
        assert [(one.name, one.path) for one in troubles()] == [("new", f"/apis/moves/{move.pk}/")]
        move.tries.update(outcome=Outcome.ACCEPTED)
        Moves().step()
        assert set(_presented().values()) == {"new"}
        assert not troubles()

    def test_a_planned_move_of_what_was_changed_meanwhile_is_not_made_and_says_why(self, signed_in: Client, apis: list[Api]) -> None:
        move = _propose(signed_in)
        actions.plan(move, when=When.AT, at=timezone.now(), by=None, now=timezone.now())
        api_actions.secure_api(apis[0], api_actions.ApiSecurity(credentials=Credentials.NONE), by=None, now=timezone.now())
        Moves().step()
        assert "new" not in _presented().values()
        assert "One" in Move.objects.get().why_not
        assert "The planned move did not happen" in signed_in.get(f"/apis/moves/{move.pk}/").content.decode()

    @pytest.mark.usefixtures("apis")
    def test_a_planned_move_that_is_discarded_is_told_and_not_made(self, signed_in: Client) -> None:
        move = _propose(signed_in, when="after-try")
        signed_in.post(f"/apis/moves/{move.pk}/discard/")
        Moves().step()
        assert set(_presented().values()) == {"old"}
        assert Activity.objects.filter(event=Event.CERTIFICATE_MOVE_DISCARDED).count() == 1
        answer = signed_in.get(f"/apis/moves/{move.pk}/", follow=True)
        assert "This move waits no more" in answer.content.decode()


@pytest.mark.usefixtures("apis")
def test_the_page_of_an_entry_in_use_offers_to_move_its_apis_beside_removal(signed_in: Client) -> None:
    for address in ("/security/client-certificates/old/", "/security/client-certificates/old/delete/"):
        assert f'href="{PAGE}"' in signed_in.get(address).content.decode()


@pytest.mark.usefixtures("apis")
def test_whoever_may_only_look_moves_nothing_and_is_not_offered_it(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"to": "new", "when": "now"}).status_code == 403
    assert f'href="{PAGE}"' not in client.get("/security/client-certificates/old/").content.decode()


def test_moving_many_takes_no_more_queries_than_moving_few(
    old: ClientCertificate, new: ClientCertificate, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        _presenting(old, f"api-{number}")
    move = actions.propose(new, Api.objects.all(), by=None, now=timezone.now())
    with django_assert_max_num_queries(35):
        actions.carry_out(move, by=None, now=timezone.now())
    assert set(_presented().values()) == {"new"}
