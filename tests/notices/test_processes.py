"""As it runs: several xDS processes, which end and are killed, and a mail server that is away."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from kit.ports import free_port
from notices import actions
from notices.models import ChannelKind, Recipient, Told
from tests.gateway.plant import Plant, eventually
from tests.makers import issue, make_certificate, make_channel
from tests.notices.receivers import Receiver, read
from tests.whole.mailbox import Mailbox

PROCESSES = ("xds-1", "xds-2", "xds-3")


@pytest.fixture
def plant(transactional_db: None) -> Iterator[Plant]:
    """Return a home in which xDS processes can be started on the tests' database."""
    plant = Plant()
    yield plant
    plant.end_all()


def test_three_processes_two_restarts_and_a_mail_server_that_is_away_tell_everything_once(plant: Plant) -> None:
    now = datetime.now(UTC)
    names = [f"orders-{number}" for number in range(5)]
    for name in names:
        entry = make_certificate(name, issue(name, not_before=now - timedelta(days=90), not_after=now + timedelta(days=3)))
        actions.add_contact(entry, address=f"owner-of-{name}@example.com", by=None, now=now)
    port = free_port()
    environment = {"PORTAL_MAIL_HOST": "127.0.0.1", "PORTAL_MAIL_PORT": str(port), "PORTAL_NOTICES_SECONDS": "1"}
    with Receiver(answers=[(500, b"away")]) as hook:
        make_channel("hook", ChannelKind.WEBHOOK, hook.url(), "a-secret-of-the-tests")
        actions.schedule(thresholds=[60, 30, 14, 7, 1, 0], weekly=None, by=None, now=now)
        for name in PROCESSES:
            plant.start("xds", called=name, **environment)
        eventually(lambda: Recipient.objects.filter(failures__gt=0).count() == 6)
        plant.end("xds-1")
        plant.end("xds-2", how=signal.SIGKILL)
        for name in PROCESSES[:2]:
            plant.start("xds", called=name, **environment)
        with Mailbox(port=port) as mailbox:
            hook.answers = [(200, b"ok")]
            eventually(lambda: Told.objects.filter(sent_at__isnull=False).count() == 10, within=120)
            plant.end("xds-3")
            plant.start("xds", called="xds-3", **environment)
            late = make_certificate("late", issue("late", not_before=now - timedelta(days=90), not_after=now + timedelta(days=10)))
            actions.add_contact(late, address="owner-of-late@example.com", by=None, now=now)
            eventually(lambda: Told.objects.filter(sent_at__isnull=False).count() == 12)
            for name in PROCESSES:
                plant.end(name)
            mails = Counter(read(raw).to for raw in mailbox.mails)
    assert mails == {f"owner-of-{name}@example.com": 1 for name in [*names, "late"]}
    arrived = Counter(notice["name"] for post in hook.posts[-2:] for notice in post.json["notices"])
    assert arrived == dict.fromkeys([*names, "late"], 1)
    assert len({post.headers["X-Portal-Delivery"] for post in hook.posts}) == 2, "one for each message, however often it was tried"
    assert not Told.objects.filter(sent_at__isnull=True).exists()


def test_a_process_goes_on_after_what_could_not_be_told(plant: Plant) -> None:
    now = datetime.now(UTC)
    make_certificate("orders", issue("orders", not_before=now - timedelta(days=90), not_after=now + timedelta(days=3)))
    with Receiver(answers=[(404, b"")]) as hook:
        make_channel("hook", ChannelKind.SLACK, hook.url())
        plant.start("xds", PORTAL_NOTICES_SECONDS="1")
        eventually(lambda: Recipient.objects.filter(failures__gt=0).exists())
        said = plant.log_of("xds")
        assert "A notice could not be delivered to channel:" in said
        assert "very-secret-token" not in said
        hook.answers = [(200, b"ok")]
        eventually(lambda: Told.objects.filter(sent_at__isnull=False).exists())
        assert plant.end("xds") == 0
