"""Invitations: a link that works once, for seven days, and is kept as a digest; the same for a new password."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from portal.models import Activity, Event, Invitation
from portal.people import actions, invitations
from portal.people.invitations import VALID_FOR
from portal.roles import PUBLISHERS, Role
from tests.makers import lines, make_invitation, make_person

PASSWORD = "orchid-lantern-42-moss"
NEW = {"new_password1": PASSWORD, "new_password2": PASSWORD}
FORM = {"username": "newcomer", "email": "", "role": "Publishers"}


@pytest.fixture
def office(administrator: User) -> Client:
    """Return a test client signed in as an Administrator."""
    client = Client()
    client.force_login(administrator)
    return client


def invite(office: Client, **fields: str) -> str:
    """Invite somebody; return the path of the link."""
    answer = office.post("/people/invite/", FORM | fields)
    assert answer.status_code == 200
    found = re.search(r'id="link">http://testserver(/invitations/[\w-]{43}/)<', answer.content.decode())
    assert found
    return found[1]


def sign_in(name: str, password: str = PASSWORD) -> Client:
    client = Client()
    assert client.post("/accounts/login/", {"username": name, "password": password}).status_code == 302
    return client


def test_whoever_follows_the_link_chooses_a_password_and_signs_in_with_the_role(office: Client) -> None:
    link = invite(office)
    stranger = Client()
    page = stranger.get(link)
    assert "newcomer" in page.content.decode()
    assert "Publishers" in page.content.decode()

    answer = stranger.post(link, NEW)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/accounts/login/")
    assert sign_in("newcomer").get("/apis/new/").status_code == 200
    told = [(line.event, line.subject_name, line.actor_name) for line in lines()]
    assert told == [(Event.PERSON_INVITED, "newcomer", "administrator"), (Event.PERSON_JOINED, "newcomer", "newcomer")]


def test_the_link_works_once(office: Client) -> None:
    link = invite(office)
    assert Client().post(link, NEW).status_code == 303
    for send in (Client().get, Client().post):
        answer = send(link, NEW)
        assert answer.status_code == 404
        assert "This link opens nothing" in answer.content.decode()
    assert User.objects.filter(username="newcomer").count() == 1


def test_the_link_works_for_seven_days(office: Client) -> None:
    link = invite(office)
    invitation = Invitation.objects.get()
    assert invitation.expires_at - invitation.created_at == VALID_FOR == timedelta(days=7)
    Invitation.objects.update(expires_at=invitation.created_at)
    assert Client().get(link).status_code == 404
    assert Client().post(link, NEW).status_code == 404


def test_only_a_digest_of_the_link_is_kept_and_it_is_shown_once(office: Client) -> None:
    token = invite(office).split("/")[2]
    assert token not in str(list(Invitation.objects.values()))
    assert token not in str(list(Activity.objects.values()))
    assert token not in office.get("/people/").content.decode()
    assert token not in office.get(f"/admin/portal/invitation/{Invitation.objects.get().pk}/change/").content.decode()


def test_pages_with_the_link_are_kept_nowhere(office: Client) -> None:
    assert office.post("/people/invite/", FORM).headers["Cache-Control"] == "no-store"
    _, token = make_invitation("other")
    page = Client().get(f"/invitations/{token}/")
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "same-origin"


def test_a_withdrawn_link_opens_nothing(office: Client) -> None:
    link = invite(office)
    assert office.post(f"/people/invitations/{Invitation.objects.get().pk}/withdraw/").status_code == 303
    assert Client().post(link, NEW).status_code == 404
    assert Activity.objects.filter(event=Event.INVITATION_WITHDRAWN, subject_name="newcomer").count() == 1
    assert not User.objects.filter(username="newcomer").exists()


def test_withdrawing_twice_does_no_harm(office: Client) -> None:
    assert office.post("/people/invitations/12345/withdraw/").status_code == 303
    assert not lines()


@pytest.mark.parametrize("token", ["wrong", "a" * 43, "%00", "é" * 10, "x" * 3000])
def test_other_links_open_nothing(db: None, token: str) -> None:
    assert Client().get(f"/invitations/{token}/").status_code == 404


@pytest.mark.parametrize(
    "sent",
    [{}, {"new_password1": PASSWORD}, NEW | {"new_password2": "another"}, {"new_password1": "short", "new_password2": "short"}]
    + [{"new_password1": word, "new_password2": word} for word in ("password1", "newcomer", "newcomer1")],
)
def test_a_poor_password_is_refused_and_the_link_still_works(office: Client, sent: dict[str, str]) -> None:
    link = invite(office)
    answer = Client().post(link, sent)
    assert answer.status_code == 422
    assert PASSWORD not in answer.content.decode()
    assert not User.objects.filter(username="newcomer").exists()
    assert Client().post(link, NEW).status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"username": ""}, "This field is required."),
        ({"username": "Administrator"}, "Somebody has this name already"),
        ({"username": "WAITING"}, "Somebody has this name already"),
        ({"username": "two words"}, "Enter a valid username"),
        ({"username": "a/b"}, "Enter a valid username"),
        ({"username": "invite"}, "Nobody can be called that here"),
        ({"username": ".."}, "Nobody can be called that here"),
        ({"username": "-"}, "Nobody can be called that here"),
        ({"username": "x" * 151}, "at most 150 characters"),
        ({"username": "a\u202eb"}, "Enter a valid username"),
        ({"email": "no address"}, "Enter a valid email address"),
        ({"role": ""}, "Choose a role."),
        ({"role": "Kings"}, "Select a valid choice"),
    ],
)
def test_mistakes_are_said_at_the_field_and_nobody_is_invited(office: Client, fields: dict[str, str], said: str) -> None:
    make_invitation("waiting")
    answer = office.post("/people/invite/", FORM | fields)
    assert answer.status_code == 422
    (field,) = fields
    page = answer.content.decode()
    assert said in page
    assert f'id="id_{field}_error"' in page
    assert Invitation.objects.count() == 1


def test_an_expired_invitation_makes_room_for_a_new_one(office: Client) -> None:
    invitation, _ = make_invitation("Newcomer")
    Invitation.objects.update(expires_at=invitation.created_at)
    invite(office)
    assert Invitation.objects.get().username == "newcomer"


def test_the_mail_brings_the_link_in_words(office: Client, settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    link = invite(office, email="new@example.com")
    (sent,) = mail.outbox
    assert sent.to == ["new@example.com"]
    assert f"http://testserver{link}\n" in str(sent.body)
    assert "Your user name will be newcomer." in str(sent.body)
    assert link not in sent.subject


def test_without_a_mail_server_nothing_is_mailed(office: Client) -> None:
    invite(office, email="new@example.com")
    assert mail.outbox == []


def test_a_mail_that_does_not_go_out_leaves_the_link_to_be_copied(office: Client, settings: Settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    page = office.post("/people/invite/", FORM | {"email": "new@example.com"}).content.decode()
    assert "The mail server did not take the mail to new@example.com." in page
    assert 'id="link"' in page
    assert Invitation.objects.exists()


def test_a_link_for_a_new_password_replaces_the_old_one_and_ends_sessions(office: Client, publisher: User) -> None:
    theirs = Client()
    theirs.force_login(publisher)
    page = office.post("/people/publisher/password/").content.decode()
    link = re.findall(r'id="link">http://testserver([^<]+)<', page)[0]
    assert theirs.get("/").status_code == 200, "nothing changes until the link is used"
    assert "Withdraw the link" in office.get("/people/publisher/").content.decode()

    assert Client().post(link, NEW).status_code == 303

    assert theirs.get("/").status_code == 302
    assert sign_in("publisher").get("/apis/new/").status_code == 200
    events = [(line.event, line.subject_name, line.actor_name) for line in lines()]
    assert events == [(Event.PASSWORD_LINK_MADE, "publisher", "administrator"), (Event.PERSON_PASSWORD_SET, "publisher", "publisher")]


def test_a_link_for_a_new_password_takes_the_place_of_an_invitation_under_the_same_name(administrator: User) -> None:
    make_invitation("anna")
    person = User.objects.create_user("Anna")
    invitations.let_choose_password(person, by=administrator, now=timezone.now())
    assert Invitation.objects.get().person == person
    assert [line.event for line in lines()][-2:] == [Event.INVITATION_WITHDRAWN, Event.PASSWORD_LINK_MADE]


def test_a_newer_link_for_a_new_password_replaces_the_older(office: Client, publisher: User) -> None:
    first, second = (
        re.findall(r'id="link">http://testserver([^<]+)<', office.post("/people/publisher/password/").content.decode())[0] for _ in range(2)
    )
    assert [Client().get(link).status_code for link in (first, second)] == [404, 200]


def test_a_link_of_somebody_who_was_deactivated_opens_nothing(office: Client, publisher: User) -> None:
    page = office.post("/people/publisher/password/").content.decode()
    link = re.findall(r'id="link">http://testserver([^<]+)<', page)[0]
    office.post("/people/publisher/deactivate/")
    office.post("/people/publisher/activate/")
    assert Client().post(link, NEW).status_code == 404


def test_a_name_that_was_taken_meanwhile_is_not_taken_over(office: Client) -> None:
    link = invite(office)
    make_person("newcomer", Role.VIEWER)
    assert Client().post(link, NEW).status_code == 404
    person = User.objects.get(username="newcomer")
    assert not person.has_usable_password()
    assert [group.name for group in person.groups.all()] == ["Viewers"]


def test_whoever_is_signed_in_when_following_a_link_is_signed_out(office: Client) -> None:
    link = invite(office)
    assert office.get(link).status_code == 200
    assert office.post(link, NEW).status_code == 303
    assert office.get("/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_who_follow_the_link_at_once_one_succeeds() -> None:
    Group.objects.get_or_create(name=PUBLISHERS)
    _, token = make_invitation("newcomer")
    together = threading.Barrier(2)
    answers: list[Any] = []

    def follow(password: str) -> None:
        together.wait()
        sent = {"new_password1": password, "new_password2": password}
        answers.append((Client().post(f"/invitations/{token}/", sent).status_code, password))
        connections.close_all()

    crowd = [threading.Thread(target=follow, args=[f"{PASSWORD}-{number}"]) for number in range(2)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert sorted(status for status, _ in answers) == [303, 404]
    assert User.objects.get(username="newcomer").check_password(next(password for status, password in answers if status == 303))


@pytest.mark.parametrize("change", [{"is_superuser": True}, {"is_active": False}])
def test_a_link_for_a_new_password_does_not_outlive_a_change_of_what_the_person_may(
    office: Client, administrator: User, change: dict[str, bool]
) -> None:
    """Else whoever has made it for a Viewer would have one for a superuser."""
    person = make_person("riser", Role.VIEWER)
    made = invitations.let_choose_password(person, by=administrator, now=timezone.now())
    with actions.changing(person, by=None, now=timezone.now()):
        User.objects.filter(pk=person.pk).update(**change)
    assert Client().get(f"/invitations/{made.token}/").status_code == 404
    assert not Invitation.objects.filter(person=person).exists()


@pytest.mark.parametrize("name", ["invite", "..", "-", "Invite"])
def test_django_admin_gives_nobody_a_name_that_the_portal_uses(office: Client, name: str) -> None:
    sent = {"username": name, "usable_password": "true", "password1": "orchid-lantern-42-moss", "password2": "orchid-lantern-42-moss"}
    answer = office.post("/admin/auth/user/add/", sent)
    assert "Nobody can be called that here" in answer.content.decode()
    assert not User.objects.filter(username=name).exists()
