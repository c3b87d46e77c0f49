"""What people do at the door is in the log: signing in and out, failing, being refused; and what is done to people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from portal.activity import floods
from portal.activity.floods import record_bounded, tell_sums
from portal.activity.verification import verify
from portal.guesses import LIMIT
from portal.models import Activity, Event, Flood
from portal.roles import ADMINISTRATORS, PUBLISHERS
from portal.sentences import tell
from tests.makers import make_certificate

PASSWORD = "correct horse battery staple"


def lines(event: Event) -> list[Activity]:
    return list(Activity.objects.filter(event=event).order_by("id"))


def sign_in(client: Client, name: str, password: str) -> int:
    return client.post("/accounts/login/", {"username": name, "password": password}).status_code


def test_signing_in_and_out_is_told(client: Client, publisher: User) -> None:
    assert sign_in(client, "publisher", PASSWORD) == 302
    client.post("/accounts/logout/")
    (came,), (went,) = lines(Event.SIGN_IN_SUCCEEDED), lines(Event.SIGN_IN_ENDED)
    for line in (came, went):
        assert (line.actor, line.subject_name, line.details) == (publisher, "publisher", {"address": "127.0.0.1"})


def test_failures_are_told_and_the_lock_they_end_in(client: Client, publisher: User) -> None:
    for _ in range(LIMIT + 3):
        sign_in(client, "publisher", "wrong")
    failed, closed = lines(Event.SIGN_IN_FAILED), lines(Event.SIGN_IN_CLOSED)
    assert len(failed) == LIMIT
    assert {(line.actor_name, line.subject_name, line.details["address"]) for line in failed} == {("", "publisher", "127.0.0.1")}
    assert {(line.subject_name, line.details["account"]) for line in closed} == {("127.0.0.1", False), ("publisher", True)}


def test_what_was_typed_for_a_name_that_nobody_bears_is_not_kept(client: Client, db: None) -> None:
    sign_in(client, "my-own-pa55word", "publisher")
    (line,) = lines(Event.SIGN_IN_FAILED)
    assert (line.subject_name, line.subject_id) == ("", "")
    assert "an unknown name" in tell([line])[0].sentence
    assert not any("my-own-pa55word" in str(row) for row in Activity.objects.values_list())


def test_a_flood_is_summed_up(publisher: User) -> None:
    """A botnet fails from a thousand addresses, one of them a hundred times."""
    now = timezone.now()
    for number in range(1000):
        _fail(f"10.0.{number // 250}.{number % 250}", now)
    for _ in range(100):
        _fail("10.9.9.9", now)
    assert len(lines(Event.SIGN_IN_FAILED)) == floods.LINES_OF_ALL
    tell_sums(now + timedelta(minutes=59))
    assert lines(Event.LOG_SUMMED) == []
    tell_sums(now + timedelta(minutes=60))
    (line,) = lines(Event.LOG_SUMMED)
    assert line.details["number"] == 1100 - floods.LINES_OF_ALL
    assert "Sign-in failed" in tell([line])[0].sentence
    assert not Flood.objects.exists()
    assert verify().findings == []


def test_a_single_source_does_not_use_up_what_others_have(publisher: User) -> None:
    now = timezone.now()
    for _ in range(500):
        _fail("10.9.9.9", now)
    _fail("10.0.0.1", now)
    assert [line.details["address"] for line in lines(Event.SIGN_IN_FAILED)] == ["10.9.9.9"] * floods.LINES_OF_A_SOURCE + ["10.0.0.1"]


def test_the_next_failure_after_an_hour_tells_the_sum_of_the_last(publisher: User) -> None:
    now = timezone.now()
    for _ in range(30):
        _fail("10.9.9.9", now)
    _fail("10.9.9.9", now + timedelta(hours=1))
    assert [line.details["number"] for line in lines(Event.LOG_SUMMED)] == [30 - floods.LINES_OF_A_SOURCE]


def test_who_is_refused_is_told_with_what_they_tried(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    make_certificate("orders-client")
    path = "/security/client-certificates/orders-client/delete/"
    assert client.post(f"{path}?secret=x", {"secret": "x"}).status_code == 403
    (line,) = lines(Event.ACCESS_REFUSED)
    assert (line.actor, line.subject_name) == (viewer, f"POST {path}")
    for _ in range(30):
        client.get("/accounts/closed/")
    assert len(lines(Event.ACCESS_REFUSED)) == floods.LINES_OF_A_SOURCE


def test_ones_own_new_password_is_told(client: Client, publisher: User) -> None:
    client.force_login(publisher)
    wrong = {"old_password": "wrong", "new_password1": "another horse 93 x", "new_password2": "another horse 93 x"}
    assert client.post("/accounts/password/", wrong).status_code == 422
    assert len(lines(Event.SIGN_IN_FAILED)) == 1
    assert not lines(Event.PERSON_PASSWORD_SET)
    assert client.post("/accounts/password/", wrong | {"old_password": PASSWORD}).status_code == 303
    (line,) = lines(Event.PERSON_PASSWORD_SET)
    assert (line.actor, line.subject_name) == (publisher, "publisher")


@pytest.fixture
def office(client: Client, administrator: User) -> Client:
    """Return a client signed in as an administrator who may do everything in Django admin."""
    administrator.is_superuser = True
    administrator.save()
    client.force_login(administrator)
    return client


def test_people_and_their_roles_are_told_with_old_and_new(office: Client, publisher: User) -> None:
    group = Group.objects.get(name=ADMINISTRATORS)
    sent = {"email": publisher.email, "groups": [group.pk], "is_active": "on"}
    assert office.post(f"/admin/auth/user/{publisher.pk}/change/", sent).status_code == 302
    (line,) = lines(Event.PERSON_ROLE_CHANGED)
    assert (line.details["old"], line.details["new"]) == (PUBLISHERS, ADMINISTRATORS)
    assert (line.actor_name, line.subject_name) == ("administrator", "publisher")
    assert office.post(f"/admin/auth/user/{publisher.pk}/delete/", {"post": "yes"}).status_code == 302
    (gone,) = lines(Event.PERSON_DELETED)
    assert (gone.subject_name, gone.details["role"]) == ("publisher", ADMINISTRATORS)


def test_people_who_are_added_and_passwords_set_by_others_are_told(office: Client, publisher: User) -> None:
    passwords = {"usable_password": "true", "password1": "another horse 93 x", "password2": "another horse 93 x"}
    assert office.post("/admin/auth/user/add/", {"username": "somebody", **passwords}).status_code == 302
    assert [line.subject_name for line in lines(Event.PERSON_ADDED)] == ["somebody"]
    assert office.post(f"/admin/auth/user/{publisher.pk}/password/", passwords).status_code == 302
    assert [line.subject_name for line in lines(Event.PERSON_PASSWORD_SET)] == ["publisher"]
    assert not any("another horse" in str(row) or "argon2" in str(row) for row in Activity.objects.values_list())


def test_a_change_that_fails_leaves_no_line(office: Client, administrator: User) -> None:
    """The last administrator stays, and so does the log."""
    before = Activity.objects.count()
    sent = {"username": "administrator", "groups": [], "is_active": ""}
    assert office.post(f"/admin/auth/user/{administrator.pk}/change/", sent).status_code == 409
    assert Activity.objects.count() == before


def test_what_people_do_at_the_door_is_for_those_who_manage_people(client: Client, publisher: User, administrator: User) -> None:
    client.force_login(publisher)
    assert "signed in" not in client.get("/activity/").content.decode()
    assert "signed in" not in client.get("/").content.decode()
    assert "signed in" not in client.get("/activity/?kind=sign-in").content.decode()
    client.force_login(administrator)
    assert "signed in" in client.get("/activity/?kind=sign-in").content.decode()


def _fail(address: str, at: object) -> None:
    record_bounded(Event.SIGN_IN_FAILED, _Nobody(), source=address, by=None, at=at, address=address)  # type: ignore[arg-type]


class _Nobody:
    pk, name = "", ""
