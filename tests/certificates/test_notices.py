"""Expiry notices."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from certificates import actions, notices
from certificates.models import ClientCertificate, ExpiryNotice
from portal.models import Preferences
from tests.makers import issue, make_certificate, make_server_certificate

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def certificate(name: str, *, days: float) -> ClientCertificate:
    """Store one that expires so many days after NOW."""
    return make_certificate(name, issue(name, not_before=NOW - timedelta(days=400), not_after=NOW + timedelta(days=days)))


def told(now: datetime = NOW) -> dict[str, list[str]]:
    """Send what is due, and return it by recipient."""
    sent = {}
    for notice in notices.due(now=now):
        notices.tell(notice, now=now)
        sent[notice.person.email] = notice.names
    return sent


def test_those_who_may_renew_are_told_once_per_threshold(publisher: User, viewer: User) -> None:
    certificate("orders", days=30.5)
    seen = {days: told(NOW + timedelta(days=30.5 - days)) for days in (31, 30, 29, 15, 14, 13, 8, 7, 2, 1, 0.5, 0, -5, -60)}
    assert {days for days, sent in seen.items() if sent} == {30, 14, 7, 1, 0}
    assert all(sent in ({}, {"publisher@example.com": ["orders"]}) for sent in seen.values())


def test_a_late_run_tells_the_narrowest_threshold_only(publisher: User) -> None:
    certificate("orders", days=6)
    assert told() == {"publisher@example.com": ["orders"]}
    assert list(ExpiryNotice.objects.values_list("days", flat=True)) == [7]
    assert told() == {}


def test_one_mail_names_everything_the_most_urgent_first(publisher: User, administrator: User) -> None:
    certificate("later", days=20)
    certificate("soon", days=3)
    certificate("gone", days=-3)
    certificate("fine", days=90)
    expected = ["gone", "soon", "later"]
    assert told() == {"publisher@example.com": expected, "administrator@example.com": expected}
    message = mail.outbox[0]
    assert message.to == ["publisher@example.com"]
    assert message.subject == "[Publisher portal] 3 certificates need renewal"
    assert message.body.index("gone") < message.body.index("soon") < message.body.index("later")
    assert "&" not in message.body


def test_server_certificates_are_told_of_with_the_others(publisher: User) -> None:
    certificate("orders", days=6)
    soon = issue("shop", hosts=("shop.example.com",), not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=3))
    make_server_certificate("shop.example.com", soon)
    assert told() == {"publisher@example.com": ["shop.example.com", "orders"]}
    assert "as a server certificate" in mail.outbox[0].body


def test_a_renewed_certificate_is_not_told_of(publisher: User) -> None:
    entry = certificate("orders", days=3)
    renewed = issue("renewed", not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=400))
    actions.replace(entry, renewed.as_pfx(), by=None, now=NOW)
    assert told() == {}


def test_a_mail_is_in_the_language_of_its_reader(publisher: User, administrator: User) -> None:
    Preferences.objects.create(user=publisher, language="zh-hans")
    certificate("orders", days=3)
    told()
    assert len({message.body for message in mail.outbox}) in {1, 2}  # they differ once the translation is there
    assert len(mail.outbox) == 2


def test_people_without_an_address_or_who_have_left_get_none(publisher: User, administrator: User) -> None:
    User.objects.filter(pk=publisher.pk).update(email="")
    User.objects.filter(pk=administrator.pk).update(is_active=False)
    certificate("orders", days=3)
    assert told() == {}


class _RefusesOne(BaseEmailBackend):
    """A mail server that does not take mail for the publisher."""

    def send_messages(self, messages: Sequence[mail.EmailMessage]) -> int:
        """Take what is for others."""
        if any("publisher@example.com" in message.to for message in messages):
            raise ConnectionRefusedError(111, "Connection refused")
        return len(messages)


def test_a_mail_that_cannot_be_sent_is_tried_again_by_the_next_run(publisher: User, administrator: User, settings: Settings) -> None:
    make_certificate("orders", issue("orders", not_after=datetime.now(UTC) + timedelta(days=3)))
    settings.EMAIL_HOST = "localhost"
    settings.EMAIL_BACKEND = f"{__name__}.{_RefusesOne.__name__}"
    with pytest.raises(CommandError, match=r"publisher@example\.com: .*Connection refused"):
        call_command("certificates", "notify", stdout=io.StringIO())
    assert list(ExpiryNotice.objects.values_list("person__username", flat=True)) == ["administrator"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    said = io.StringIO()
    call_command("certificates", "notify", "--json", stdout=said)
    assert json.loads(said.getvalue()) == {"sent": True, "notices": [{"to": "publisher@example.com", "certificates": ["orders"]}]}


def test_a_dry_run_tells_and_sends_nothing(publisher: User) -> None:
    make_certificate("orders", issue("orders", not_after=datetime.now(UTC) + timedelta(days=3)))
    for _ in range(2):
        said = io.StringIO()
        call_command("certificates", "notify", "--dry-run", stdout=said)
        assert said.getvalue() == "publisher@example.com: orders\n"
    assert mail.outbox == []
    assert not ExpiryNotice.objects.exists()


def test_without_a_mail_server_it_says_so(settings: Settings) -> None:
    with pytest.raises(CommandError, match="PORTAL_MAIL_HOST"):
        call_command("certificates", "notify")
