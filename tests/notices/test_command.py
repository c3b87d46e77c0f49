"""``manage.py notices``, for those who want to see what is told."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from tests.makers import issue, make_certificate
from tests.whole.mailbox import Mailbox

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("notices", *arguments, stdout=out)
    return out.getvalue()


def test_it_says_who_would_be_told_what_and_sends_nothing(mailbox: Mailbox, publisher: User) -> None:
    assert said("due") == "Nothing is due.\n"
    make_certificate("orders", issue("orders", not_after=datetime.now(UTC) + timedelta(days=3)))
    assert said("due") == f"person:{publisher.pk}: orders\n"
    assert json.loads(said("due", "--json")) == [{"to": f"person:{publisher.pk}", "notices": ["orders"]}]
    assert mailbox.mails == []


def test_it_sends_what_is_due_once(mailbox: Mailbox, publisher: User) -> None:
    make_certificate("orders", issue("orders", not_after=datetime.now(UTC) + timedelta(days=3)))
    before = len(mailbox.mails)
    assert "Messages sent: " in said("send")
    sent = len(mailbox.mails) - before
    assert sent >= 1, "on the day of the summary there is one more"
    assert json.loads(said("send", "--json")) == {"sent": 0}
    assert said("due") == "Nothing is due.\n"
