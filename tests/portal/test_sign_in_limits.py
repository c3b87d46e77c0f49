"""Signing in is limited per address and per name, and tells nobody which names exist."""

from __future__ import annotations

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from portal.addresses import caller

PASSWORD = "correct horse battery staple"
LIMIT = settings.AXES_FAILURE_LIMIT


def _try(name: str, password: str, address: str) -> Any:
    return Client(REMOTE_ADDR=address).post("/accounts/login/", {"username": name, "password": password})


def test_a_name_is_closed_from_every_address(publisher: User) -> None:
    for number in range(LIMIT):
        _try("publisher", "wrong", f"192.0.2.{number}")
    assert _try("publisher", PASSWORD, "198.51.100.1").status_code == 429


def test_an_address_is_closed_for_every_name(publisher: User) -> None:
    for number in range(LIMIT):
        _try(f"guess-{number}", "wrong", "192.0.2.1")
    assert _try("publisher", PASSWORD, "192.0.2.1").status_code == 429
    assert _try("publisher", PASSWORD, "192.0.2.2").status_code == 302


def test_a_few_mistakes_are_forgiven_by_signing_in(publisher: User) -> None:
    for _ in range(3):
        for number in range(LIMIT - 1):
            assert _try("publisher", "wrong", f"192.0.2.{number}").status_code == 422
        assert _try("publisher", PASSWORD, "198.51.100.1").status_code == 302


@pytest.mark.parametrize("attempts", [1, LIMIT + 1])
def test_a_name_that_exists_is_answered_like_one_that_does_not(publisher: User, attempts: int) -> None:
    answers = []
    for subnet, name in enumerate(("publisher", "nobody-of-us")):
        for number in range(attempts):
            last = _try(name, "wrong", f"192.0.{subnet}.{number}")
        answers.append((last.status_code, _without_token(last.content.decode().replace(name, "NAME"))))
    assert answers[0] == answers[1]


def test_the_locked_page_says_when_to_try_again(publisher: User) -> None:
    for number in range(LIMIT + 1):
        page = _try("publisher", "wrong", f"192.0.2.{number}")
    assert page.status_code == 429
    assert page.headers["Retry-After"] == "900"
    assert "Try again in 15 minutes" in page.content.decode()


def test_only_a_proxy_of_ours_is_believed_about_addresses(settings: Settings) -> None:
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}, REMOTE_ADDR="127.0.0.1")
    assert caller(request) == "127.0.0.1"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert caller(request) == "203.0.113.9"


def _without_token(page: str) -> str:
    return "".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)


@pytest.mark.parametrize("said", ["unknown", "", "203.0.113.9:4711", "x" * 300])
def test_what_a_proxy_says_is_no_address_does_not_count(publisher: User, settings: Settings, said: str) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    client = Client(REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": said})
    assert client.post("/accounts/login/", {"username": "publisher", "password": "wrong"}).status_code == 422
    assert AccessAttempt.objects.get().ip_address == "192.0.2.1"
