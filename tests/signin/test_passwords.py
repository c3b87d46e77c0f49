"""Which passwords are taken, how the first administrator's is judged, and the link for a forgotten one."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.test import Client
from pytest_django.fixtures import Settings

from portal import installation
from portal.guesses import LIMIT
from portal.signin.sessions import sessions_of
from tests.portal.test_installation import home

pytestmark = pytest.mark.any_database

__all__ = ["home"]

PASSWORD, NEW = "correct horse battery staple", "orchid-lantern-42"
FORGOTTEN = "/accounts/password/forgotten/"

GUESSABLE = (
    *(
        "short",
        "Tr0ub4dor&3",
        "password1234",
        "Password-2026",
        "p4ssw0rd1p4ssw0rd1",
        "Summer2026!!",
        "summer2026Summer",
        "portal2026portal",
    ),
    *("PublisherPortal1", "publisher-portal-2026", "administrator1", "admin-admin-admin", "API-Management-1", "portal.example.com"),
    *("123456789012", "aaaaaaaaaaaa", "abababababab", "qwertyuiopas", "abcdefghijkl", "zyxwvutsrqpo", "1qaz2wsx3edc", "2026-11-26-2026"),
    *("mei.li.2026!!", "MeiLi-MeiLi-1", "example-portal-1"),
)
GOOD = (
    *(PASSWORD, NEW, "a given password", "orchid-lantern-of-the-first", "Xk9#mQ2$vL7p", "今天天气很好我们去公园散步"),
    "the portal of the seven sleepers",
)


@pytest.mark.parametrize("password", GUESSABLE)
def test_what_is_guessed_first_is_refused(settings: Settings, password: str) -> None:
    settings.ALLOWED_HOSTS = ["portal.example.com"]
    with pytest.raises(ValidationError):
        validate_password(password, User(username="mei.li", email="mei@example.com"))


@pytest.mark.parametrize("password", GOOD)
def test_what_nobody_guesses_is_taken(password: str) -> None:
    validate_password(password, User(username="mei.li"))


def test_generated_passwords_are_taken() -> None:
    for _ in range(50):
        validate_password(installation.readable_password(), User(username="admin"))


@pytest.mark.parametrize("password", ["1", "portal2026", "1qaz2wsx3edc", "justinbieber", "publisher-portal-2026", "Administrator1!"])
def test_the_first_administrators_is_judged_as_well(db: None, home: Path, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setenv("PORTAL_ADMIN_PASSWORD", password)
    installation.private_home()
    with pytest.raises(ImproperlyConfigured, match="PORTAL_ADMIN_PASSWORD is refused, and no administrator was made") as refusal:
        installation.first_administrator()
    assert f" {password} " not in f" {refusal.value} "
    assert not User.objects.exists()


def test_where_there_is_an_administrator_the_variable_is_not_looked_at(
    administrator: User, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_ADMIN_PASSWORD", "1")
    assert installation.first_administrator() is None


def test_a_changed_password_is_judged_too(signed_in: Client) -> None:
    sent = {"old_password": PASSWORD, "new_password1": "Summer2026!!", "new_password2": "Summer2026!!"}
    answer = signed_in.post("/accounts/password/", sent)
    assert answer.status_code == 422
    assert "one of the first passwords that are guessed" in answer.content.decode()


@pytest.fixture
def with_mail(settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example.com"


def _link(count: int = 1) -> str:
    """Return the address in the newest of *count* mails, which may still be under way."""
    deadline = time.monotonic() + 10
    while len(mail.outbox) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(mail.outbox) == count
    found = re.search(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def _ask(client: Client, address: str = "publisher@example.com") -> tuple[int, str]:
    answer = client.post(FORGOTTEN, {"email": address})
    return answer.status_code, answer.headers.get("Location", "")


def test_a_link_by_mail_sets_a_new_password_once(publisher: User, with_mail: None, client: Client) -> None:
    elsewhere = Client()
    elsewhere.force_login(publisher)
    assert "Password forgotten?" in client.get("/accounts/login/").content.decode()
    assert _ask(client) == (303, "/accounts/login/")
    link = _link()
    assert mail.outbox[0].to == ["publisher@example.com"]

    page = client.get(link, follow=True)
    (form, _status) = page.redirect_chain[-1]
    assert client.post(form, {"new_password1": "portal2026", "new_password2": "portal2026"}).status_code == 422
    assert client.post(form, {"new_password1": NEW, "new_password2": NEW}).status_code == 303
    assert not sessions_of(publisher).exists()
    assert client.get("/apis/").status_code == 302, "it signs nobody in"
    assert client.post("/accounts/login/", {"username": "publisher", "password": NEW}).status_code == 302
    assert "This link does not work" in Client().get(link, follow=True).content.decode()


def test_the_answer_is_the_same_for_addresses_that_nobody_has(publisher: User, with_mail: None, client: Client) -> None:
    known, unknown = _ask(client), _ask(client, "nobody@example.com")
    assert known == unknown
    _link()
    assert len(mail.outbox) == 1


def test_mails_and_wrong_links_are_limited(publisher: User, with_mail: None) -> None:
    here, there = Client(REMOTE_ADDR="192.0.2.1"), Client(REMOTE_ADDR="198.51.100.1")
    assert [_ask(here)[0] for _ in range(LIMIT + 1)] == [303] * LIMIT + [429]
    _link(LIMIT)
    statuses = [there.get(f"/accounts/password/new/MQ/made-up-{number}/").status_code for number in range(LIMIT + 1)]
    assert statuses == [200] * LIMIT + [429]


def test_nobody_is_flooded_with_mails_from_many_addresses(publisher: User, with_mail: None) -> None:
    answers = {_ask(Client(REMOTE_ADDR=f"192.0.2.{number}")) for number in range(2 * LIMIT)}
    assert answers == {(303, "/accounts/login/")}, "it tells nobody what was sent"
    _link(LIMIT)
    time.sleep(0.2)
    assert len(mail.outbox) == LIMIT


def test_the_mail_is_in_the_language_of_who_asks(publisher: User, with_mail: None) -> None:
    client = Client(headers={"Accept-Language": "zh-hans"})
    _ask(client)
    _link()
    assert re.search(r"[\u4e00-\u9fff]", str(mail.outbox[0].subject))


def test_where_no_mail_is_set_there_is_no_such_page(client: Client, db: None, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    assert client.get(FORGOTTEN).status_code == 404
    page = client.get("/accounts/login/").content.decode()
    assert "forgotten" not in page
    assert "an administrator makes you a link" in page


def test_who_comes_by_company_account_or_may_not_sign_in_gets_no_link(
    publisher: User, viewer: User, with_mail: None, client: Client
) -> None:
    publisher.set_unusable_password()
    publisher.save()
    User.objects.filter(pk=viewer.pk).update(is_active=False)
    for name in ("publisher", "viewer"):
        assert _ask(client, f"{name}@example.com")[0] == 303
    time.sleep(0.2)
    assert mail.outbox == []
