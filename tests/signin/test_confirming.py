"""Before dangerous acts, who signed in a while ago is asked once more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal.guesses import LIMIT
from portal.signin.confirming import CONFIRMED_AT
from tests.makers import lines, make_shared_access, make_subscription

pytestmark = pytest.mark.any_database

PASSWORD = "correct horse battery staple"
CONFIRM = "/accounts/confirm/"


def _a_while_ago(person: User, by: timedelta = timedelta(minutes=16)) -> Client:
    client = Client()
    client.force_login(person)
    session = client.session
    session[CONFIRMED_AT] -= by.total_seconds()
    session.save()
    return client


DANGEROUS = {
    "keys of a subscription": ("post", "/subscriptions/all/keys/"),
    "a token": ("get", "/access-tokens/new/"),
    "a token, sent": ("post", "/access-tokens/new/"),
    "keys of a shared access": ("post", "/access-tokens/5cf1a7/keys/"),
    "a new key of a shared access": ("get", "/access-tokens/5cf1a7/regenerate/"),
    "a new key of a shared access, sent": ("post", "/access-tokens/5cf1a7/regenerate/"),
    "the key of a gateway": ("post", "/gateways/enrol/"),
    "a person": ("get", "/admin/auth/user/{pk}/change/"),
    "a role": ("post", "/admin/auth/user/{pk}/change/"),
    "somebody's password": ("get", "/admin/auth/user/{pk}/password/"),
    "deleting a person": ("post", "/admin/auth/user/{pk}/delete/"),
    "sign-in settings": ("get", "/settings/sign-in/"),
    "an app": ("get", "/accounts/second-factors/app/"),
    "a passkey": ("get", "/accounts/second-factors/passkeys/add/"),
    "recovery codes": ("get", "/accounts/second-factors/recovery-codes/make/"),
    "recovery codes, sent": ("post", "/accounts/second-factors/recovery-codes/make/"),
}


@pytest.mark.parametrize("act", DANGEROUS)
def test_it_asks_and_nothing_has_happened(administrator: User, viewer: User, act: str) -> None:
    make_subscription("all")
    make_shared_access("5cf1a7")
    before = len(lines())
    method, path = DANGEROUS[act]
    answer = getattr(_a_while_ago(administrator), method)(path.format(pk=viewer.pk))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{CONFIRM}?next=")
    assert len(lines()) == before


@pytest.mark.parametrize("act", ["keys of a subscription", "a token", "a person", "an app", "sign-in settings"])
def test_a_fresh_sign_in_will_do(administrator: User, viewer: User, act: str) -> None:
    make_subscription("all")
    method, path = DANGEROUS[act]
    client = _a_while_ago(administrator, timedelta(minutes=14))
    assert getattr(client, method)(path.format(pk=viewer.pk)).status_code == 200


def test_the_password_leads_on_to_where_one_was(administrator: User) -> None:
    client = _a_while_ago(administrator)
    asked = client.get("/access-tokens/new/?x=1")
    page = client.get(asked.headers["Location"])
    assert 'name="next" value="/access-tokens/new/?x=1"' in page.content.decode()
    before = client.cookies["sessionid"].value

    answer = client.post(CONFIRM, {"password": PASSWORD, "next": "/access-tokens/new/?x=1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/access-tokens/new/?x=1")
    assert client.get("/access-tokens/new/?x=1").status_code == 200
    assert client.cookies["sessionid"].value != before


def test_from_a_form_one_comes_back_to_the_page_it_stood_on(publisher: User) -> None:
    make_subscription("all")
    answer = _a_while_ago(publisher).post("/subscriptions/all/keys/", headers={"Referer": "http://testserver/subscriptions/all/?a=b"})
    assert answer.headers["Location"] == f"{CONFIRM}?next=%2Fsubscriptions%2Fall%2F%3Fa%3Db"


def test_htmx_loads_the_whole_page(publisher: User) -> None:
    make_subscription("all")
    sent = {"HX-Request": "true", "HX-Current-URL": "http://testserver/subscriptions/all/"}
    answer = _a_while_ago(publisher).post("/subscriptions/all/keys/", headers=sent)
    assert answer.headers["HX-Redirect"] == f"{CONFIRM}?next=%2Fsubscriptions%2Fall%2F"


@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "http://[x", ""])
def test_it_leads_nowhere_else(publisher: User, page: str) -> None:
    client = _a_while_ago(publisher)
    assert client.post(CONFIRM, {"password": PASSWORD, "next": page}).headers["Location"] == "/"
    assert "evil" not in client.post("/subscriptions/all/keys/", headers={"Referer": page}).headers.get("Location", "")


def test_a_wrong_password_is_said_and_counts(publisher: User) -> None:
    client = _a_while_ago(publisher)
    statuses = [client.post(CONFIRM, {"password": "wrong"}).status_code for _ in range(LIMIT + 1)]
    assert statuses == [422] * LIMIT + [429]
    assert client.post(CONFIRM, {"password": PASSWORD}).status_code == 429
    assert Client().post("/accounts/login/", {"username": "publisher", "password": PASSWORD}).status_code == 429


def test_viewers_are_refused_before_they_are_asked(viewer: User) -> None:
    make_subscription("all")
    assert _a_while_ago(viewer).post("/subscriptions/all/keys/").status_code == 403
    assert _a_while_ago(viewer).get("/access-tokens/new/").status_code == 403
