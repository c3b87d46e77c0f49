"""Guesses at passwords are limited by address and by account, also while they are being checked, and tell nobody which names exist."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import get_hasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from portal import hashing
from portal.addresses import caller
from portal.guesses import LIMIT, WINDOW
from portal.models import Activity, Event, FailedGuess
from portal.turns import Turns

pytestmark = pytest.mark.any_database

PASSWORD = "correct horse battery staple"
SIGN_IN = "/accounts/login/"
CLOSED = "/accounts/closed/"
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.1"


def _try(name: str, password: str, address: str = HERE) -> Any:
    return Client(REMOTE_ADDR=address).post(SIGN_IN, {"username": name, "password": password})


def _fail(times: int, *, name: str = "publisher", address: str = HERE) -> list[int]:
    return [_try(name, "wrong", address).status_code for _ in range(times)]


def _later(by: timedelta) -> None:
    """Let *by* pass, as failures see it."""
    for row in FailedGuess.objects.all():
        row.at -= by
        row.save()


def test_an_address_is_closed_for_every_name(publisher: User) -> None:
    for number in range(LIMIT):
        _fail(1, name=f"guess-{number}")
    assert _try("publisher", PASSWORD).status_code == 429
    assert _try("publisher", PASSWORD, ELSEWHERE).status_code == 302


def test_an_account_is_closed_to_every_address_that_has_failed_and_its_owner_gets_in_from_another(publisher: User) -> None:
    for number in range(LIMIT):
        assert _fail(1, address=f"192.0.2.{number}") == [422]
    assert [_try("publisher", PASSWORD, f"192.0.2.{number}").status_code for number in range(LIMIT)] == [429] * LIMIT
    assert _try("publisher", PASSWORD, ELSEWHERE).status_code == 302
    assert _fail(2, address="203.0.113.1") == [422, 429]


def test_a_success_forgives_this_account_from_this_address(publisher: User) -> None:
    for _ in range(3):
        assert _fail(LIMIT - 1) == [422] * (LIMIT - 1)
        assert _try("publisher", PASSWORD).status_code == 302


def test_a_success_forgives_nobody_elses_failures(publisher: User, viewer: User) -> None:
    assert _fail(LIMIT - 1) == [422] * (LIMIT - 1)
    assert _try("viewer", PASSWORD).status_code == 302
    assert _fail(2) == [422, 429]
    assert _try("viewer", PASSWORD).status_code == 429


def test_a_success_from_elsewhere_forgives_nothing_here(publisher: User) -> None:
    _fail(LIMIT - 1)
    assert _try("publisher", PASSWORD, ELSEWHERE).status_code == 302
    assert _fail(2) == [422, 429]


def test_a_lock_ends_in_time_whatever_is_tried_meanwhile(publisher: User) -> None:
    _fail(LIMIT)
    _later(WINDOW - timedelta(minutes=1))
    assert _fail(5) == [429] * 5
    assert FailedGuess.objects.count() == LIMIT
    _later(timedelta(minutes=1))
    assert _try("publisher", PASSWORD).status_code == 302
    assert FailedGuess.objects.count() == 0


def test_neighbours_in_an_ipv6_network_are_one_address(publisher: User) -> None:
    for number in range(LIMIT):
        _fail(1, name=f"guess-{number}", address=f"2001:db8::{number}")
    assert _try("publisher", PASSWORD, "2001:db8::ffff").status_code == 429
    assert _try("publisher", PASSWORD, "2001:db8:0:1::1").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_no_more_than_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_turns", Turns(at_once=4, waiting=100, seconds=60))
    statuses: list[int] = []
    together = threading.Barrier(25)

    def attempt() -> None:
        together.wait()
        statuses.append(_try("somebody", "wrong").status_code)
        connection.close()

    crowd = [threading.Thread(target=attempt) for _ in range(25)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert sorted(statuses) == [422] * LIMIT + [429] * (25 - LIMIT)


def test_where_too_many_wait_newcomers_come_again_and_it_is_no_failure(publisher: User, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(at_once=1, waiting=0, seconds=0.1)
    monkeypatch.setattr(hashing, "_turns", turns)
    with turns.turn():
        answer = _try("publisher", PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Too many at once" in answer.content.decode()
    assert FailedGuess.objects.count() == 0
    assert _try("publisher", PASSWORD).status_code == 302


@pytest.mark.usefixtures("passwords_are_hashed_as_they_are")
def test_a_hash_takes_what_owasp_asks_for() -> None:
    assert "$m=47104,t=1,p=1$" in get_hasher().encode("a password", "some-salt-of-ours")


@pytest.mark.usefixtures("passwords_are_hashed_as_they_are")
def test_an_older_hash_is_made_anew_at_sign_in(publisher: User) -> None:
    class Older(hashing.PortalPasswordHasher):
        memory_cost = 1024

    User.objects.update(password=Older().encode(PASSWORD, "some-salt-of-ours-22ch"))
    assert _try("publisher", PASSWORD).status_code == 302
    assert "m=47104" in User.objects.get().password


@pytest.mark.parametrize("attempts", [1, LIMIT + 1])
def test_a_name_that_exists_is_answered_like_one_that_does_not(publisher: User, attempts: int) -> None:
    answers = []
    for address, name in ((HERE, "publisher"), (ELSEWHERE, "nobody-of-us")):
        for _ in range(attempts):
            last = _try(name, "wrong", address)
        answers.append((last.status_code, _without_token(last.content.decode().replace(name, "NAME"))))
    assert answers[0] == answers[1]


def test_the_locked_page_says_when_to_try_again(publisher: User) -> None:
    _fail(LIMIT)
    page = _try("publisher", "wrong")
    assert page.status_code == 429
    assert 800 < int(page.headers["Retry-After"]) <= 900
    assert "Try again in 15 minutes" in page.content.decode()


def test_the_old_password_is_not_guessed_by_whoever_holds_a_session(signed_in: Client) -> None:
    new = {"new_password1": "orchid-lantern-42", "new_password2": "orchid-lantern-42"}
    statuses = [signed_in.post("/accounts/password/", {"old_password": f"wrong{number}"} | new).status_code for number in range(LIMIT + 1)]
    assert statuses == [422] * LIMIT + [429]
    assert signed_in.post("/accounts/password/", {"old_password": PASSWORD} | new).status_code == 429
    assert User.objects.get().check_password(PASSWORD)


def test_changing_a_password_forgives_mistakes(signed_in: Client) -> None:
    new = {"new_password1": "orchid-lantern-42", "new_password2": "orchid-lantern-42"}
    assert signed_in.post("/accounts/password/", {"old_password": "wrong"} | new).status_code == 422
    assert signed_in.post("/accounts/password/", {"old_password": PASSWORD} | new).status_code == 303
    assert FailedGuess.objects.count() == 0


def test_an_administrator_sees_and_opens_what_is_closed(publisher: User, administrator: User) -> None:
    for number in range(LIMIT):
        _fail(1, address=f"192.0.2.{number}")
        _fail(1, name=f"guess-{number}", address="203.0.113.9")
    office = Client(REMOTE_ADDR=ELSEWHERE)
    office.force_login(administrator)
    page = office.get(CLOSED).content.decode()
    assert "publisher" in page
    assert "203.0.113.9" in page
    assert "guess-1" not in page, "it may be a password in the wrong field"

    of_account = FailedGuess.objects.filter(person=publisher).latest("at", "pk")
    assert office.post(CLOSED, {"failure": of_account.pk, "account": ""}).status_code == 303
    assert _try("publisher", PASSWORD, "192.0.2.3").status_code == 302
    of_address = FailedGuess.objects.filter(address="203.0.113.9").latest("at", "pk")
    assert office.post(CLOSED, {"failure": of_address.pk}).status_code == 303
    assert _try("publisher", PASSWORD, "203.0.113.9").status_code == 302

    assert "Nothing is closed" in office.get(CLOSED).content.decode()
    lines = Activity.objects.filter(event=Event.SIGN_IN_LOCK_LIFTED).order_by("id")
    assert [(line.actor, line.subject_name) for line in lines] == [(administrator, "publisher"), (administrator, "203.0.113.9")]


@pytest.mark.parametrize("failure", ["", "0", "x", "²", "9" * 30])
def test_what_is_not_closed_is_not_opened(administrator: User, failure: str) -> None:
    office = Client()
    office.force_login(administrator)
    assert office.post(CLOSED, {"failure": failure}).status_code == 404


def test_only_a_proxy_of_ours_is_believed_about_addresses(settings: Settings) -> None:
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}, REMOTE_ADDR="127.0.0.1")
    assert caller(request) == "127.0.0.1"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert caller(request) == "203.0.113.9"


@pytest.mark.parametrize("said", ["unknown", "", "203.0.113.9:4711", "x" * 300])
def test_what_a_proxy_says_is_no_address_does_not_count(publisher: User, settings: Settings, said: str) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    client = Client(REMOTE_ADDR=HERE, headers={"X-Forwarded-For": said})
    assert client.post(SIGN_IN, {"username": "publisher", "password": "wrong"}).status_code == 422
    assert FailedGuess.objects.get().address == HERE


def _without_token(page: str) -> str:
    return "".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)
