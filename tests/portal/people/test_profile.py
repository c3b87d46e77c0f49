"""One's own profile."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal.signin.confirming import CONFIRMED_AT
from tests.makers import lines

pytestmark = pytest.mark.any_database

PAGE = "/accounts/profile/"


def test_name_address_and_language_are_kept(signed_in: Client, publisher: User) -> None:
    answer = signed_in.post(PAGE, {"name": "林 梅", "email": "mei@example.com", "language": "zh-hans"}, follow=True)
    publisher.refresh_from_db()
    assert (publisher.get_full_name(), publisher.email) == ("林 梅", "mei@example.com")
    assert "您的个人资料已保存。" in answer.content.decode()
    (line,) = lines()
    assert (line.event, line.actor_name) == ("people.changed", "publisher")
    assert line.changes == {"name": ["", "林 梅"], "email": ["publisher@example.com", "mei@example.com"]}


def test_it_shows_the_role_with_what_it_may_do_and_leads_to_the_password(signed_in: Client) -> None:
    page = signed_in.get(PAGE).content.decode()
    assert "Your role: Publishers" in page
    assert (page.count('class="granted"'), 'href="/accounts/password/"' in page) == (4, True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "no address"}, "Enter a valid email address"),
        ({"name": "a\u202eb"}, "U+202E"),
        ({"name": "-----BEGIN PRIVATE KEY-----"}, "This holds a private key"),
        ({"name": "x" * 151}, "at most 150 characters"),
        ({"language": "xx"}, "Select a valid choice"),
    ],
)
def test_mistakes_are_said_and_nothing_is_stored(signed_in: Client, publisher: User, fields: dict[str, str], said: str) -> None:
    answer = signed_in.post(PAGE, {"name": "", "email": "publisher@example.com", "language": "en"} | fields)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    publisher.refresh_from_db()
    assert (publisher.get_full_name(), publisher.email) == ("", "publisher@example.com")
    assert not lines()


def test_another_address_asks_who_is_at_the_keyboard(signed_in: Client, publisher: User) -> None:
    session = signed_in.session
    session[CONFIRMED_AT] = 0
    session.save()

    answer = signed_in.post(PAGE, {"name": "Pat", "email": "thief@example.com", "language": "en"})
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/accounts/confirm/")
    publisher.refresh_from_db()
    assert (publisher.get_full_name(), publisher.email) == ("", "publisher@example.com")

    assert signed_in.post(PAGE, {"name": "Pat", "email": "publisher@example.com", "language": "en"}).headers["Location"] == PAGE
    publisher.refresh_from_db()
    assert publisher.get_full_name() == "Pat"


def test_nobody_gives_themselves_a_role(signed_in: Client, publisher: User) -> None:
    sent = {"name": "", "email": "", "language": "en", "role": "Administrators", "groups": "3", "is_superuser": "on", "username": "x"}
    signed_in.post(PAGE, sent)
    publisher.refresh_from_db()
    assert (publisher.is_superuser, publisher.username) == (False, "publisher")
    assert [group.name for group in publisher.groups.all()] == ["Publishers"]
