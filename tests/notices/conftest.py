"""A mail server, and certificates that end when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from certificates.models import ClientCertificate
from notices.sending import send_due
from tests.makers import issue, make_certificate
from tests.notices.receivers import Mail, read
from tests.whole.mailbox import Mailbox

NOW = datetime(2027, 3, 3, 12, tzinfo=UTC)  # a Wednesday: no summary is due

Telling = Callable[..., list[Mail]]


def certificate(name: str, *, days: float) -> ClientCertificate:
    """Store one that expires so many days after NOW."""
    return make_certificate(name, issue(name, not_before=NOW - timedelta(days=400), not_after=NOW + timedelta(days=days)))


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    """Run a mail server that the portal sends by."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.PORTAL_URL = "https://portal.example.com/"
    with Mailbox() as box:
        settings.EMAIL_PORT = box.port
        yield box


@pytest.fixture
def telling(mailbox: Mailbox) -> Telling:
    """Return what sends what is due, and returns the mails that have come of it."""

    def tell(now: datetime = NOW) -> list[Mail]:
        before = len(mailbox.mails)
        send_due(now=now)
        return [read(raw) for raw in mailbox.mails[before:]]

    return tell
