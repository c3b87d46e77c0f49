"""Errors of ours: the log and the mail say what failed, and nothing of what was typed."""

from __future__ import annotations

import io
import logging
from typing import NoReturn

import pytest
from django.core import mail
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings


def _away(*_arguments: object) -> NoReturn:
    raise OperationalError("the database is away")


@pytest.fixture
def broken(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return a client of a portal whose requests fail before they reach their view."""
    settings.ADMINS = [("", "office@example.com")]
    monkeypatch.setattr("portal.middleware.preferences_of", _away)
    return Client(raise_request_exception=False)


def test_the_mail_about_a_sign_in_that_failed_early_holds_no_password(broken: Client) -> None:
    answer = broken.post("/accounts/login/", {"username": "anna", "password": "pa55-of-anna"})
    assert answer.status_code == 500
    (report,) = mail.outbox
    assert "the database is away" in report.body
    assert "password" in report.body
    assert "pa55-of-anna" not in report.body
    assert "anna" not in report.body


def test_the_log_tells_what_failed_where_no_mail_is_set_up(broken: Client, settings: Settings) -> None:
    settings.ADMINS = []
    (console,) = logging.getLogger("django.request").handlers
    assert isinstance(console, logging.StreamHandler)
    usual = console.setStream(log := io.StringIO())
    try:
        broken.post("/accounts/login/", {"username": "anna", "password": "pa55-of-anna"})
    finally:
        console.setStream(usual)
    assert "OperationalError: the database is away" in log.getvalue()
    assert "pa55-of-anna" not in log.getvalue()
