"""The last administrator who can sign in is not taken away, by whatever way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, connections
from django.test import Client

from portal.administrators import administrators
from portal.roles import ADMINISTRATORS, VIEWERS
from tests.makers import lines

PEOPLE = "/admin/auth/user/"
PASSWORD = "orchid-lantern-42"


@pytest.fixture
def boss(db: None) -> User:
    """Return the only administrator: a superuser, as `setup` makes one."""
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    boss.groups.add(Group.objects.get(name=ADMINISTRATORS))
    return boss


@pytest.fixture
def office(boss: User) -> Client:
    """Return a test client signed in as the only administrator."""
    return signed_in(boss)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def form_of(person: User, **changed: Any) -> dict[str, Any]:
    """Return what the person's page in Django admin sends; a field that is ``None`` is left out, as an unticked box is."""
    fields = {
        "username": person.username,
        "is_active": "on",
        "is_superuser": "on" if person.is_superuser else None,
        "groups": [group.pk for group in person.groups.all()],
        **changed,
    }
    return {name: value for name, value in fields.items() if value is not None}


def refusal_of(client: Client, page: str, sent: Mapping[str, Any]) -> str:
    """Return the refusal that a page answers; nothing was changed."""
    before = list(User.objects.order_by("pk").values()), list(administrators())
    answer = client.post(page, sent)
    assert answer.status_code == 409
    assert (list(User.objects.order_by("pk").values()), list(administrators())) == before
    return answer.content.decode()


@pytest.mark.parametrize(
    "changed",
    [{"is_active": None}, {"is_superuser": None, "groups": []}, {"is_active": None, "is_superuser": None, "groups": []}],
    ids=["deactivated", "demoted", "both"],
)
def test_the_last_one_keeps_activity_and_role(office: Client, boss: User, changed: dict[str, Any]) -> None:
    said = refusal_of(office, f"{PEOPLE}{boss.pk}/change/", form_of(boss, **changed))

    assert "Make another active person an Administrator first." in said
    assert "changed successfully" not in said


def test_a_last_one_by_group_is_not_moved_to_another(administrator: User) -> None:
    viewers = Group.objects.get(name=VIEWERS)

    refusal_of(signed_in(administrator), f"{PEOPLE}{administrator.pk}/change/", form_of(administrator, groups=[viewers.pk]))


def test_the_last_one_keeps_a_password(office: Client, boss: User) -> None:
    refusal_of(
        office, f"{PEOPLE}{boss.pk}/password/", {"usable_password": "false", "unset-password": "Disable password-based authentication"}
    )


@pytest.mark.parametrize("bulk", [False, True])
def test_one_who_is_being_deactivated_meanwhile_does_not_delete_the_last(boss: User, bulk: bool) -> None:
    """A page opened while both administered, sent when only one does: as when two remove each other."""
    second = User.objects.create_superuser("second", password=PASSWORD)
    client = signed_in(second)
    User.objects.filter(pk=second.pk).update(password="!")  # the session's own check is about the password, so it is renewed
    client.force_login(User.objects.get(pk=second.pk))
    chosen = {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"}

    refusal_of(client, PEOPLE if bulk else f"{PEOPLE}{boss.pk}/delete/", chosen if bulk else {"post": "yes"})


def test_whoever_is_not_the_last_is_changed_and_deleted(office: Client, boss: User) -> None:
    second = User.objects.create_superuser("second", password=PASSWORD)

    assert office.post(f"{PEOPLE}{second.pk}/change/", form_of(second, is_active=None)).status_code == 302
    assert office.post(f"{PEOPLE}{second.pk}/delete/", {"post": "yes"}).status_code == 302
    assert list(administrators()) == [boss]


@pytest.mark.parametrize(("page", "sent"), [("deactivate", {}), ("role", {"role": "Viewers"}), ("role", {"role": "Publishers"})])
@pytest.mark.parametrize("superuser", [True, False])
def test_the_pages_keep_the_last_one(boss: User, administrator: User, superuser: bool, page: str, sent: dict[str, str]) -> None:
    last, other = (boss, administrator) if superuser else (administrator, boss)
    other.delete()
    theirs = signed_in(last)

    assert "Make another active person an Administrator first." in refusal_of(theirs, f"/people/{last.username}/{page}/", sent)
    assert theirs.get("/people/").status_code == 200, "still signed in"


def test_the_page_does_not_delete_the_last_who_can_sign_in(boss: User) -> None:
    second = User.objects.create_superuser("second", password=PASSWORD)
    User.objects.filter(pk=second.pk).update(password="!")
    refusal_of(signed_in(User.objects.get(pk=second.pk)), "/people/boss/delete/", {})


def test_what_was_refused_is_not_told(office: Client) -> None:
    office.post("/people/boss/deactivate/")
    assert not lines()


Way = Callable[[User], tuple[str, dict[str, Any]]]
WAYS: dict[str, Way] = {
    "the admin": lambda other: (f"{PEOPLE}{other.pk}/change/", form_of(other, is_active=None)),
    "deactivation": lambda other: (f"/people/{other.username}/deactivate/", {}),
    "another role": lambda other: (f"/people/{other.username}/role/", {"role": VIEWERS}),
    "deletion": lambda other: (f"/people/{other.username}/delete/", {}),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.django_db(transaction=True)
def test_two_who_remove_each_other_at_once_are_not_both_gone(way: str) -> None:
    group, _ = Group.objects.get_or_create(name=ADMINISTRATORS)
    pair = [User.objects.create_superuser(name, password=PASSWORD) for name in ("one", "two")]
    clients = [signed_in(person) for person in pair]
    together = threading.Barrier(2)
    answers = []

    def send(client: Client, other: User) -> None:
        together.wait()
        page, sent = WAYS[way](other)
        answers.append(client.post(page, sent).status_code)
        connections.close_all()

    threads = [threading.Thread(target=send, args=pairing) for pairing in zip(clients, reversed(pair), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.close()

    assert administrators().count() == 1
    assert group
    assert {302, 303} & set(answers)
