"""Who may do what: every address, every method, every role. A new address without an entry in the table fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import reverse

from portal.guesses import LIMIT
from tests.portal.every_page import ADDRESSES, ELSEWHERE, Address, Open, make_something_of_everything, url_names

pytestmark = pytest.mark.any_database

# Whether the portal is ready is tested where no test holds the database for itself.
TRIED = {name: address for name, address in ADDRESSES.items() if name != "readyz"}
METHODS = ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PASSWORD = "correct horse battery staple"
CLOSED_TO_VIEWERS = {Open.PUBLISHERS, Open.ADMINISTRATORS}


class Answer(Enum):
    """What an address does with a request."""

    SIGN_IN = "leads to the sign-in page"
    REFUSED = "403"
    NOT_TAKEN = "405"
    TAKEN = "does what it is for, or says what is wrong with the form"


def nobody(_by_role: Callable[[str], User]) -> tuple[Client, Open]:
    return Client(), Open.ANYBODY


def without_a_role(_by_role: Callable[[str], User]) -> tuple[Client, Open]:
    return _signed_in(User.objects.create_user("without-role")), Open.SIGNED_IN


def a_viewer(by_role: Callable[[str], User]) -> tuple[Client, Open]:
    return _signed_in(by_role("viewer")), Open.VIEWERS


def a_publisher(by_role: Callable[[str], User]) -> tuple[Client, Open]:
    return _signed_in(by_role("publisher")), Open.PUBLISHERS


def an_administrator(by_role: Callable[[str], User]) -> tuple[Client, Open]:
    return _signed_in(by_role("administrator")), Open.ADMINISTRATORS


def a_deactivated_administrator(by_role: Callable[[str], User]) -> tuple[Client, Open]:
    """Return a client that was signed in when the person was deactivated, and has tried to sign in again."""
    person = by_role("administrator")
    client = _signed_in(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert client.post("/accounts/login/", {"username": person.username, "password": PASSWORD}).status_code == 422
    return client, Open.ANYBODY


def an_administrator_whose_sign_in_is_closed(by_role: Callable[[str], User]) -> tuple[Client, Open]:
    """Return a client that has failed so often that the right password is not looked at."""
    person, client = by_role("administrator"), Client()
    for password in [*["wrong"] * LIMIT, PASSWORD]:
        answer = client.post("/accounts/login/", {"username": person.username, "password": password})
    assert answer.status_code == 429
    return client, Open.ANYBODY


PEOPLE: list[object] = [nobody, without_a_role, a_viewer, a_publisher, an_administrator, a_deactivated_administrator]


def _methods(person: object, number: int) -> tuple[str, ...]:
    """Return what *person* sends to the address with that number: what pages send; of the rest one in turn, three from who may do most."""
    sent_by_pages, others = METHODS[:2], METHODS[2:]  # each costs a page
    first = number + PEOPLE.index(person)
    return (*sent_by_pages, *(others[(first + 2 * one) % len(others)] for one in range(3 if person is an_administrator else 1)))


@pytest.fixture
def by_role(request: pytest.FixtureRequest) -> Callable[[str], User]:
    return request.getfixturevalue


def _signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _answer_of(client: Client, method: str, path: str) -> Answer:
    """Return what an address does; whatever it does is undone."""
    with transaction.atomic():
        answer: Any = client.generic(method, path)
        transaction.set_rollback(True)
    assert answer.status_code < 500
    assert answer.status_code not in {400, 401}
    if method in {"GET", "HEAD"}:
        assert answer.status_code != 404
    if answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/?next="):
        return Answer.SIGN_IN
    return {403: Answer.REFUSED, 405: Answer.NOT_TAKEN}.get(answer.status_code, Answer.TAKEN)


def _expected(address: Address, method: str, as_who: Open) -> set[Answer]:
    order = list(Open)

    def may(needed: Open) -> bool:
        return order.index(as_who) >= order.index(needed)

    if as_who == Open.ANYBODY != address.open_to:
        return {Answer.SIGN_IN}
    needed = address.posts if method == "POST" else address.open_to if method in {"GET", "HEAD"} and address.reads else None
    if needed is None:
        return {Answer.NOT_TAKEN} if may(address.open_to) else {Answer.NOT_TAKEN, Answer.REFUSED}
    return {Answer.TAKEN} if may(needed) else {Answer.REFUSED}


def test_every_address_is_in_the_table() -> None:
    names = {name for name in url_names() if not name.startswith(ELSEWHERE)}
    assert names == set(ADDRESSES)


@pytest.mark.parametrize("person", PEOPLE)
def test_every_address_takes_what_the_role_may_send_and_nothing_else(person: Any, db: None, by_role: Callable[[str], User]) -> None:
    make_something_of_everything()
    client, as_who = person(by_role)
    surprises = []
    for number, (name, address) in enumerate(TRIED.items()):
        for method in _methods(person, number):
            answer = _answer_of(client, method, address.path(name))
            if answer not in _expected(address, method, as_who):
                surprises.append(f"{method} {name}: {answer.value}")
    assert surprises == []


def test_whose_sign_in_is_closed_is_nobody(db: None, by_role: Callable[[str], User]) -> None:
    make_something_of_everything()
    client, as_who = an_administrator_whose_sign_in_is_closed(by_role)
    for name, address in TRIED.items():
        if name != "login":
            assert _answer_of(client, "GET", address.path(name)) in _expected(address, "GET", as_who), name


# What is there for some only: what each role gets by GET and by POST. Their own tests are in tests/signin.
FOR_SOME: dict[str, dict[str, Any]] = {
    "logout": {},
    "mfa_authenticate": {},
    "mfa_login_webauthn": {},
    "openid_connect_login": {"provider_id": "nobody-of-us"},
    "openid_connect_callback": {"provider_id": "nobody-of-us"},
    "password_forgotten": {},
    "mfa_deactivate_totp": {},
    "mfa_remove_webauthn": {"pk": 1},
    "mfa_view_recovery_codes": {},
}
OPEN_TO_STRANGERS = {"mfa_authenticate", "mfa_login_webauthn", "openid_connect_login", "openid_connect_callback", "password_forgotten"}


def test_what_is_there_for_some_only_is_known() -> None:
    assert set(FOR_SOME) == set(ELSEWHERE) - {"admin:"}


@pytest.mark.parametrize("person", PEOPLE)
def test_what_is_there_for_some_only_gives_nobody_else_anything(person: Any, db: None, by_role: Callable[[str], User]) -> None:
    client, as_who = person(by_role)
    cookies = client.cookies.output()
    for name, arguments in FOR_SOME.items():
        for method in METHODS:
            client.cookies = SimpleCookie(cookies.replace("Set-Cookie: ", ""))  # signing out is undone, too
            with transaction.atomic():
                answer = client.generic(method, reverse(name, kwargs=arguments))
                transaction.set_rollback(True)
            assert answer.status_code < 500, f"{method} {name}"
            if as_who == Open.ANYBODY and name not in OPEN_TO_STRANGERS:
                assert answer.status_code == 302, f"{method} {name}"
                assert answer.headers["Location"].startswith("/accounts/login/"), f"{method} {name}"
            if method not in {"GET", "HEAD", "POST"} and as_who != Open.ANYBODY:
                assert answer.status_code == 405, f"{method} {name}"


def test_viewers_see_no_way_to_change_anything(viewer: User) -> None:
    make_something_of_everything()
    client = _signed_in(viewer)
    closed = {address.path(name) for name, address in ADDRESSES.items() if address.open_to in CLOSED_TO_VIEWERS}
    for name, address in TRIED.items():
        if address.open_to in {Open.SIGNED_IN, Open.VIEWERS} and address.method == "get":
            page = client.get(address.path(name)).content.decode()
            assert not [path for path in closed if f'"{path}"' in page], name


def test_who_has_no_role_is_told_whom_to_ask_and_sees_nothing_of_what_there_is(db: None, settings: Any) -> None:
    make_something_of_everything()
    settings.CONTACT = "portal-help@example.com"
    client = _signed_in(User.objects.create_user("without-role"))
    for name, address in TRIED.items():
        if address.open_to != Open.ANYBODY and address.method == "get" and name not in {"help", "guide"}:  # documents, of made-up names
            page = client.get(address.path(name)).content.decode().replace(address.path(name), "")  # what was asked for
            assert not re.findall(r"orders|gateway-1|someone|newcomer|figure", page), name
            assert not re.findall(r'href="/(?:apis|subscriptions|security|gateways|activity|access-tokens|people|admin)/', page), name
            if address.open_to != Open.SIGNED_IN or name == "dashboard":
                assert "You have no role yet" in page
                assert '<a href="mailto:portal-help@example.com">' in page
