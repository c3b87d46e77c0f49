"""The pages about people: each change is made, told, and takes effect at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.guesses import LIMIT
from portal.models import Activity, Event, Invitation
from portal.people.standing import Standing
from portal.roles import Role
from rest.models import AccessToken
from tests.makers import lines, make_invitation, make_person
from tests.rest.conftest import Wire, token_for

pytestmark = pytest.mark.any_database

PASSWORD = "correct horse battery staple"


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def office(administrator: User) -> Client:
    """Return a test client signed in as an Administrator."""
    return signed_in(administrator)


def told() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return what the log tells of people, oldest first."""
    lines = Activity.objects.filter(event__startswith="people.").order_by("id")
    return [(line.event, line.subject_name, line.actor_name, line.details) for line in lines]


def role_of(person: User) -> str:
    return Standing.of(person).role


def test_the_list_shows_role_state_and_last_sign_in(office: Client, publisher: User) -> None:
    make_person("gone", Role.VIEWER)
    User.objects.filter(username="gone").update(is_active=False)
    Client().post("/accounts/login/", {"username": "publisher", "password": PASSWORD})

    rows = dict(
        re.findall(r'class="subject" href="/people/([\w.]+)/">.*?</th>(.*?)</tr>', office.get("/people/").content.decode(), re.DOTALL)
    )

    assert set(rows) == {"administrator", "publisher", "gone"}
    assert "Publishers" in rows["publisher"]
    assert "just now" in rows["publisher"]
    assert "Deactivated" in rows["gone"]
    assert "never" in rows["gone"]


@pytest.mark.parametrize(("query", "shown"), [("q=PUBL", ["publisher"]), ("q=mei", ["someone"]), ("q=nobody-of-us", [])])
def test_people_are_found_by_every_name(office: Client, publisher: User, query: str, shown: list[str]) -> None:
    make_person("someone")
    User.objects.filter(username="someone").update(first_name="Méi Lin")
    User.objects.filter(username="someone").update(email="mei@example.com")

    page = office.get(f"/people/?{query}", headers={"HX-Request": "true"}).content.decode()

    assert re.findall(r'class="subject" href="/people/([\w.]+)/"', page) == shown


@pytest.mark.parametrize("sort", ["name", "-name", "role", "-role", "state", "-last-sign-in", "nonsense"])
def test_the_list_is_sorted_and_paged_with_few_queries(
    office: Client, sort: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    User.objects.bulk_create(User(username=f"person-{number:02}", password="!") for number in range(30))
    with django_assert_max_num_queries(12):
        first = office.get(f"/people/?sort={sort}").content.decode()
    second = office.get(f"/people/?sort={sort}&page=2").content.decode()
    names = [re.findall(r'class="subject" href="/people/([\w.-]+)/"', page) for page in (first, second)]
    assert [len(page) for page in names] == [25, 6]
    assert len({*names[0], *names[1]}) == 31


def test_a_persons_page_shows_the_roles_with_what_each_may_do(office: Client, publisher: User) -> None:
    page = office.get("/people/publisher/").content.decode()
    cards = re.findall(r'name="role" value="(\w+)"[^>]*?( checked)?[ >].*?</label>', page, re.DOTALL)
    assert [role for role, _ in cards] == ["Viewers", "Publishers", "Administrators"]
    granted = [card.count('class="granted"') for card in page.split('class="role"')[1:]]
    assert granted == [1, 4, 7]
    assert re.search(r'value="Publishers"[^>]* checked', page)


def test_a_new_role_takes_effect_at_once_is_told_and_ends_sessions(office: Client, publisher: User) -> None:
    theirs = signed_in(publisher)

    answer = office.post("/people/publisher/role/", {"role": "Viewers"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/people/publisher/")
    assert told() == [("people.role-changed", "publisher", "administrator", {"old": "Publishers", "new": "Viewers"})]
    assert theirs.get("/").status_code == 302
    theirs.force_login(publisher)
    assert theirs.get("/apis/new/").status_code == 403
    assert "Publishers → Viewers" in office.get("/activity/").content.decode()


def test_the_same_role_again_is_no_change(office: Client, publisher: User) -> None:
    theirs = signed_in(publisher)
    office.post("/people/publisher/role/", {"role": "Publishers"})
    assert told() == []
    assert theirs.get("/").status_code == 200


@pytest.mark.parametrize("role", ["", "Kings", "viewers"])
def test_no_such_role_is_refused_at_the_cards(office: Client, publisher: User, role: str) -> None:
    answer = office.post("/people/publisher/role/", {"role": role})
    assert answer.status_code == 422
    assert role_of(publisher) == Role.PUBLISHER


def test_a_deactivated_person_is_out_at_once_and_comes_back_without_the_old_sessions(office: Client, publisher: User) -> None:
    theirs, wire = signed_in(publisher), Wire(token_for(publisher))
    assert wire.get("apis").status_code == 200

    assert office.post("/people/publisher/deactivate/").status_code == 303
    assert theirs.get("/").status_code == 302
    assert wire.get("apis").status_code == 401
    assert Client().post("/accounts/login/", {"username": "publisher", "password": PASSWORD}).status_code == 422
    assert office.post("/people/publisher/activate/").status_code == 303

    assert theirs.get("/").status_code == 302
    assert Client().post("/accounts/login/", {"username": "publisher", "password": PASSWORD}).status_code == 302
    assert [line[0] for line in told()] == ["people.deactivated", "people.activated"]


def test_whoever_deactivates_themselves_is_signed_out(office: Client, administrator: User) -> None:
    make_person("other", Role.ADMINISTRATOR).set_password(PASSWORD)
    User.objects.filter(username="other").update(password=administrator.password)
    answer = office.post("/people/administrator/deactivate/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")
    assert not User.objects.get(username="administrator").is_active


def test_a_person_is_signed_out_everywhere(office: Client, publisher: User) -> None:
    first, second = signed_in(publisher), signed_in(publisher)
    assert "<dd>2</dd>" in office.get("/people/publisher/").content.decode()

    office.post("/people/publisher/sessions/")

    assert [client.get("/").status_code for client in (first, second, office)] == [302, 302, 200]
    assert told() == [("people.sessions-ended", "publisher", "administrator", {"sessions": 2})]


def test_a_closed_account_is_seen_and_opened(office: Client, publisher: User) -> None:
    for number in range(LIMIT):
        Client(REMOTE_ADDR=f"192.0.2.{number}").post("/accounts/login/", {"username": "publisher", "password": "wrong"})
    assert "Closed until" in office.get("/people/").content.decode()
    assert "Closed until" in office.get("/people/publisher/").content.decode()

    office.post("/people/publisher/unlock/")

    assert "Closed until" not in office.get("/people/publisher/").content.decode()
    assert Client(REMOTE_ADDR="192.0.2.1").post("/accounts/login/", {"username": "publisher", "password": PASSWORD}).status_code == 302
    assert Activity.objects.filter(event=Event.SIGN_IN_LOCK_LIFTED, subject_name="publisher").count() == 1


def test_an_account_that_is_open_is_opened_without_a_line(office: Client, publisher: User) -> None:
    assert office.post("/people/publisher/unlock/").status_code == 303
    assert not lines()


def test_a_deleted_persons_name_stays_in_the_log(office: Client, publisher: User) -> None:
    signed_in(publisher).post("/accounts/profile/", {"name": "Pat", "email": "", "language": "en"})
    token_for(publisher)
    assert "This cannot be undone" in office.get("/people/publisher/delete/").content.decode()

    assert office.post("/people/publisher/delete/").headers["Location"] == "/people/"

    assert not User.objects.filter(username="publisher").exists()
    assert not AccessToken.objects.exists()
    assert ("people.changed", "publisher", "publisher", {}) in told()
    assert told()[-1] == ("people.deleted", "publisher", "administrator", {"role": "Publishers"})
    assert office.get("/people/publisher/").status_code == 404
    assert "<strong>publisher</strong> changed" in office.get("/activity/").content.decode()


def test_nobody_deletes_themselves(office: Client, administrator: User) -> None:
    answer = office.post("/people/administrator/delete/")
    assert answer.status_code == 409
    assert "Ask another Administrator" in answer.content.decode()
    assert User.objects.filter(username="administrator").exists()
    assert told() == []


@pytest.mark.parametrize("action", ["role", "deactivate", "activate", "delete", "sessions", "password"])
def test_only_superusers_change_superusers(office: Client, administrator: User, action: str) -> None:
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    assert office.post(f"/people/boss/{action}/", {"role": "Viewers"}).status_code == 403
    assert "Only superusers change superusers" in office.get("/people/boss/").content.decode()
    assert User.objects.get(username="boss").is_superuser
    assert signed_in(boss).post("/people/administrator/role/", {"role": "Viewers"}).status_code == 303


def test_a_superuser_who_becomes_a_publisher_is_no_superuser_any_more(administrator: User) -> None:
    boss, other = (User.objects.create_superuser(name, password=PASSWORD) for name in ("boss", "other"))
    signed_in(boss).post("/people/other/role/", {"role": "Publishers"})
    other.refresh_from_db()
    assert (role_of(other), other.is_superuser) == (Role.PUBLISHER, False)
    assert [line[0] for line in told()] == ["people.role-changed", "people.superuser-taken"]


def test_whoever_loses_the_role_leaves_no_invitation_behind(administrator: User, publisher: User) -> None:
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    office = signed_in(administrator)
    office.post("/people/invite/", {"username": "accomplice", "email": "", "role": "Administrators"})
    assert Invitation.objects.count() == 1

    signed_in(boss).post("/people/administrator/deactivate/")

    assert not Invitation.objects.exists()
    assert ("people.invitation-withdrawn", "accomplice", "boss", {}) in told()


@pytest.mark.parametrize("path", ["nobody/", "nobody/delete/"])
def test_who_is_not_there_is_not_found(office: Client, path: str) -> None:
    assert office.get(f"/people/{path}").status_code == 404


@pytest.mark.parametrize("name", ["mei@example.com", "O.Neil+1", "梅_林", "café-1"])
def test_every_name_that_an_account_may_have_has_a_page(office: Client, name: str) -> None:
    make_person(name)
    listed = re.findall(r'class="subject" href="([^"]+)"', office.get("/people/").content.decode())
    assert all(office.get(path).status_code == 200 for path in listed)
    assert len(listed) == 2


def test_a_name_is_never_markup(office: Client) -> None:
    make_person("someone")
    User.objects.filter(username="someone").update(first_name="<script>alert(1)</script>")
    for path in ("/people/", "/people/someone/"):
        assert b"<script>alert" not in office.get(path).content


def test_viewers_and_publishers_learn_nothing_of_people_from_the_log(office: Client, viewer: User, publisher: User) -> None:
    office.post("/people/invite/", {"username": "newcomer", "email": "", "role": "Viewers"})
    office.post("/people/publisher/role/", {"role": "Viewers"})
    publisher.refresh_from_db()
    assert "newcomer" in office.get("/activity/").content.decode()
    for person in (viewer, publisher):
        client = signed_in(person)
        for path in ("/", "/activity/", "/activity/?kind=people", "/activity/?who=administrator"):
            page = client.get(path).content.decode()
            assert not re.findall(
                "newcomer|administrator|changed the role", page.replace(f'value="{path}"', "").replace('value="administrator"', "")
            )


def test_the_menu_leads_to_people_and_not_to_the_admin(office: Client, viewer: User) -> None:
    menu = office.get("/").content.decode().partition('id="menu"')[2].partition("</nav>")[0]
    assert 'href="/people/"' in menu
    assert "/admin/" not in menu
    assert "/people/" not in signed_in(viewer).get("/").content.decode()


def test_expired_invitations_are_shown_as_such(office: Client) -> None:
    invitation, _ = make_invitation("late")
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=invitation.created_at)
    page = office.get("/people/").content.decode()
    assert "late" in page
    assert "Expired" in page


def test_ended_sessions_are_gone_from_the_database(office: Client, publisher: User) -> None:
    signed_in(publisher)
    before = Session.objects.count()
    office.post("/people/publisher/deactivate/")
    assert Session.objects.count() == before - 1
