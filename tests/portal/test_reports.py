"""Errors of ours: the log and the mail say what failed, and nothing of what was typed."""

from __future__ import annotations

import io
import logging
import re
from typing import NoReturn

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from portal.logs import PlainFormatter


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
    assert answer.status_code == 503
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


def test_the_mail_holds_neither_queries_nor_cookies_nor_messages(broken: Client) -> None:
    broken.cookies["messages"] = "message-in-a-cookie"
    broken.cookies["anything"] = "value-of-a-cookie"
    broken.get("/apis/?q=own-query", headers={"referer": "https://portal.example.com/apis/?token=query-of-the-page-before#and-fragment"})
    (report,) = mail.outbox
    assert "https://portal.example.com/apis/" in report.body
    for secret in ("message-in-a-cookie", "value-of-a-cookie", "query-of-the-page-before", "and-fragment", "own-query"):
        assert secret not in report.body, secret


def test_at_the_level_debug_no_logger_tells_sessions_tokens_or_contexts(
    db: None, administrator: User, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client()
    with caplog.at_level(logging.DEBUG):
        client.force_login(administrator)
        page = client.post("/access-tokens/new/", {"name": "n", "user": "administrator", "role": "", "days": "30", "kind": "bearer"})
        page = client.get(page["Location"]) if page.status_code == 303 else page
    token = re.search(r"ppt_\w+", page.content.decode())
    assert token
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert token[0] not in said
    assert client.cookies["sessionid"].value not in said
    for logger in ("django.template", "django.db.backends", "urllib3.connectionpool"):
        assert not logging.getLogger(logger).isEnabledFor(logging.DEBUG), logger


def test_a_log_line_stays_one_line_and_hides_nothing() -> None:
    handler = logging.StreamHandler(said := io.StringIO())
    handler.setFormatter(PlainFormatter("%(message)s"))
    handler.handle(logging.makeLogRecord({"msg": "The API %s", "args": ("a\x1b[2J\u202eb\nforged\u2028\x9b",)}))
    assert said.getvalue() == "The API a\\x1b[2J\\u202eb\\nforged\\u2028\\x9b\n"
