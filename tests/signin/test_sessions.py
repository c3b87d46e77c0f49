"""Sessions: digests in the database, limits in time, the page of one's own, and what ends them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from portal.models import Activity, Event
from portal.roles import ADMINISTRATORS, PUBLISHERS, VIEWERS
from portal.signin.browsers import browser_of
from portal.signin.models import SignedIn
from portal.signin.sessions import end_sessions, sessions_of
from portal.signin.store import SINCE, SessionStore

PASSWORD = "correct horse battery staple"
PAGE = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def enter(name: str = "publisher", address: str = "192.0.2.1") -> Client:
    client = Client(REMOTE_ADDR=address, headers={"User-Agent": FIREFOX})
    assert client.post("/accounts/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/apis/").status_code == 200


def key_of(client: Client) -> str:
    return client.cookies["sessionid"].value


def let_pass(client: Client, by: timedelta) -> None:
    """Let *by* pass, as the session sees it."""
    ends = Session.objects.get().expire_date - by
    session = client.session
    session[SINCE] -= by.total_seconds()
    session.save()
    Session.objects.update(expire_date=ends)


def test_what_the_database_holds_signs_nobody_in_and_tells_nothing(publisher: User) -> None:
    client = enter()
    row = Session.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM django_session")
        stored = str(cursor.fetchall())
    assert key_of(client) not in stored
    assert SessionStore().decode(row.session_data) == {}
    assert SessionStore(row.session_key).load() == {}
    thief = Client()
    thief.cookies["sessionid"] = row.session_key
    assert not is_in(thief)
    assert is_in(client)


def test_content_that_was_put_into_another_row_does_not_open(publisher: User, viewer: User) -> None:
    enter("publisher")
    other = enter("viewer")
    first, second = Session.objects.order_by("expire_date")
    Session.objects.filter(pk=second.pk).update(session_data=first.session_data)
    assert not is_in(other)


def test_the_cookie_goes_when_the_browser_is_closed(publisher: User) -> None:
    cookie = enter().cookies["sessionid"]
    assert (cookie["max-age"], cookie["expires"], cookie["httponly"]) == ("", "", True)


def test_it_ends_after_an_hour_without_a_request(publisher: User, settings: Settings) -> None:
    client = enter()
    let_pass(client, timedelta(minutes=59))
    assert is_in(client)
    assert Session.objects.get().expire_date <= timezone.now() + timedelta(minutes=1, seconds=5), "noted once in a minute at most"
    let_pass(client, timedelta(minutes=2))
    assert not is_in(client)


def test_a_request_keeps_it_going(publisher: User, settings: Settings) -> None:
    settings.SESSION_NOTED_EVERY = timedelta(0)
    client = enter()
    for _ in range(4):
        let_pass(client, timedelta(minutes=45))
        assert is_in(client)


def test_it_ends_after_twelve_hours_whatever_is_done(publisher: User, settings: Settings) -> None:
    settings.SESSION_NOTED_EVERY = timedelta(0)
    client = enter()
    for _ in range(15):
        let_pass(client, timedelta(minutes=47))
        assert is_in(client)
    let_pass(client, timedelta(minutes=16))
    assert not is_in(client)


def test_a_page_that_asks_by_itself_does_not_keep_it_going(publisher: User, settings: Settings) -> None:
    settings.SESSION_NOTED_EVERY = timedelta(0)
    client = enter()
    let_pass(client, timedelta(minutes=45))
    assert client.get("/gateways/", headers={"HX-Request": "true"}).status_code == 200
    let_pass(client, timedelta(minutes=20))
    assert not is_in(client)


def test_one_that_is_ended_while_it_asks_leads_to_sign_in(publisher: User, settings: Settings) -> None:
    settings.SESSION_NOTED_EVERY = timedelta(0)
    client = enter()

    def ended_after_it_was_read(execute: Any, sql: str, *parameters: Any) -> Any:
        answer = execute(sql, *parameters)
        if sql.startswith("SELECT") and '"django_session"' in sql:
            SignedIn.objects.all().delete()
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM django_session")
        return answer

    with connection.execute_wrapper(ended_after_it_was_read):
        answer = client.get("/apis/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=/apis/")


def test_sessions_that_have_ended_are_removed_by_the_next_that_begins(publisher: User, viewer: User) -> None:
    client = enter()
    let_pass(client, timedelta(hours=2))
    enter("viewer")
    assert [row.user for row in SignedIn.objects.all()] == [viewer]
    assert Session.objects.count() == 1


def test_the_page_tells_browser_address_and_time(publisher: User, viewer: User) -> None:
    here, _elsewhere, _others = enter(), enter(address="198.51.100.7"), enter("viewer", "203.0.113.9")
    page = here.get(PAGE).content.decode()
    for told in ("Firefox, Linux", "192.0.2.1", "198.51.100.7"):
        assert told in page
    assert "203.0.113.9" not in page
    assert page.count("this one") == 1


def test_one_ends_and_the_others_go_on(publisher: User) -> None:
    here, elsewhere = enter(), enter(address="198.51.100.7")
    number = SignedIn.objects.get(address="198.51.100.7").pk
    assert here.post(PAGE, {"session": number}).status_code == 303
    assert is_in(here)
    assert not is_in(elsewhere)
    told = Activity.objects.get(event=Event.SIGN_IN_ENDED)
    assert (told.actor_name, told.details["address"]) == ("publisher", "198.51.100.7")


@pytest.mark.parametrize("number", ["", "0", "x", "{of_another}"])
def test_nobody_ends_somebody_elses(publisher: User, viewer: User, number: str) -> None:
    here, other = enter(), enter("viewer")
    sent = number.format(of_another=SignedIn.objects.get(user=viewer).pk)
    assert here.post(PAGE, {"session": sent}).status_code == 303
    assert is_in(other)


def test_signing_out_everywhere_is_everywhere(publisher: User, viewer: User) -> None:
    here, elsewhere, other = enter(), enter(), enter("viewer")
    answer = here.post(PAGE, {"everywhere": "yes"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/accounts/login/")
    assert [is_in(client) for client in (here, elsewhere, other)] == [False, False, True]
    assert Activity.objects.get(event=Event.SESSIONS_ENDED).details == {"sessions": 2}


def _other_role(person: User) -> None:
    person.groups.set(Group.objects.filter(name=VIEWERS))


def _no_role(person: User) -> None:
    person.groups.clear()


def _more_role(person: User) -> None:
    Group.objects.get(name=ADMINISTRATORS).user_set.add(person)


def _deactivated_and_back(person: User) -> None:
    for active in (False, True):
        person.is_active = active
        person.save()


def _superuser(person: User) -> None:
    person.is_superuser = True
    person.save()


def _password(person: User) -> None:
    person.set_password("another one, long enough")
    person.save()


@pytest.mark.parametrize("change", [_other_role, _no_role, _more_role, _deactivated_and_back, _superuser, _password])
def test_a_change_of_what_somebody_may_ends_their_sessions(publisher: User, viewer: User, change: object) -> None:
    mine, others = enter(), enter("viewer")
    assert callable(change)
    change(User.objects.get(pk=publisher.pk))
    assert not sessions_of(publisher).exists()
    assert not is_in(mine)
    assert is_in(others)


def test_a_change_of_something_else_does_not(publisher: User) -> None:
    client = enter()
    person = User.objects.get()
    person.first_name = "Pat"
    person.save()
    person.groups.set(Group.objects.filter(name=PUBLISHERS))
    assert is_in(client)


def test_whoever_changes_their_password_stays_where_they_are(publisher: User) -> None:
    here, elsewhere = enter(), enter()
    before = key_of(here)
    sent = {"old_password": PASSWORD, "new_password1": "orchid-lantern-42", "new_password2": "orchid-lantern-42"}
    assert here.post("/accounts/password/", sent).status_code == 303
    assert [is_in(here), is_in(elsewhere)] == [True, False]
    assert key_of(here) != before
    assert sessions_of(publisher).count() == 1


def test_ending_says_how_many(publisher: User) -> None:
    for _ in range(3):
        enter()
    assert end_sessions(publisher) == 3
    assert end_sessions(publisher) == 0


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1",
            "Safari, iPhone",
        ),
        ("curl/8.9.1", "curl"),
        ("<script>", ""),
        ("", ""),
    ],
)
def test_browsers_have_names(said: str, name: str) -> None:
    assert browser_of(said) == name


def test_the_number_of_a_session_is_all_that_a_page_tells_of_it(publisher: User) -> None:
    client = enter()
    enter()
    page = client.get(PAGE).content.decode()
    assert key_of(client) not in page
    assert not re.search(r"[0-9a-f]{40}", page)
