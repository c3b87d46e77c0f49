"""Following the activity log: nothing that happens while everything is read for the first time is missed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apis.models import Api
from gateway import actions
from gateway.compile import GatewayListener
from gateway.control.alpn import Handshakes
from gateway.control.snapshot import Snapshot
from gateway.control.status_queue import StatusQueue
from gateway.control.watch import BARE, Watch
from gateway.models import Gateway
from gateway.streams.cache import Update
from portal import identity
from portal.activity import last_line
from portal.activity.guards import TABLE, lifted
from portal.activity.trimming import trim
from portal.models import Activity, ActivityHead
from tests.gateway.plant import eventually
from tests.makers import make_api

pytestmark = pytest.mark.django_db(transaction=True)


class SlowSnapshot(Snapshot):
    """A snapshot during whose first reading somebody enrols a gateway."""

    def load(self, line: int) -> Update:
        """Read everything, a moment too late."""
        actions.enrol("gateway-2", by=None, now=timezone.now())
        return super().load(line)


def test_a_gateway_that_is_enrolled_while_everything_is_read_is_known_afterwards() -> None:
    known: list[set[str]] = []
    stop = threading.Event()

    def note() -> None:
        known.append(set(Gateway.objects.values_list("name", flat=True)))

    snapshot = SlowSnapshot(GatewayListener(host="127.0.0.1", port=1), StatusQueue(), Handshakes(allowed=()))
    thread = threading.Thread(target=Watch(snapshot, lambda _: None, note, lambda: None).run, args=[stop])
    thread.start()
    try:
        eventually(lambda: {"gateway-2"} in known)
    finally:
        stop.set()
        thread.join()


class EmptiedSnapshot(Snapshot):
    """A snapshot during whose first reading somebody adds an API; the database is emptied as soon as the line of that was read."""

    def load(self, line: int) -> Update:
        """Read everything, a moment too late."""
        if not self.line:
            make_api("orders")
        return super().load(line)

    def follow(self, lines: Sequence[Activity]) -> Update:
        """Compile what the lines name, which is gone."""
        with transaction.atomic(), lifted(), connection.cursor() as cursor:
            Api.objects.all().delete()
            cursor.execute(f"DELETE FROM {TABLE}")
            ActivityHead.objects.all().delete()
        return super().follow(lines)


def test_a_database_that_is_emptied_between_a_line_and_its_rows_takes_nothing_away() -> None:
    updates: list[Update] = []
    snapshot = EmptiedSnapshot(GatewayListener(host="127.0.0.1", port=1), StatusQueue(), Handshakes(allowed=()))
    watch, stop = Watch(snapshot, updates.append, lambda: None, lambda: None), threading.Event()
    thread = threading.Thread(target=watch.run, args=[stop])
    thread.start()
    try:
        eventually(lambda: watch.trouble() == BARE)
        assert len(updates) == 1
        assert any("api-" in resource.name for resource in updates[0].resources)
        identity.begin_anew()
        eventually(lambda: len(updates) > 1)
    finally:
        stop.set()
        thread.join()
    assert updates[-1].complete


def test_who_is_behind_when_lines_are_trimmed_reads_everything_again() -> None:
    make_api("orders")
    updates: list[Update] = []
    snapshot = Snapshot(GatewayListener(host="127.0.0.1", port=1), StatusQueue(), Handshakes(allowed=()))
    watch = Watch(snapshot, updates.append, lambda: None, lambda: None)
    stop = threading.Event()
    thread = threading.Thread(target=watch.run, args=[stop])
    thread.start()
    try:
        eventually(lambda: len(updates) == 1)
        with transaction.atomic():  # what is trimmed before it could be followed
            make_api("sales")
            trim(before=timezone.now() + timedelta(seconds=1), by=None, now=timezone.now())
        eventually(lambda: len(updates) > 1)
    finally:
        stop.set()
        thread.join()
    assert updates[-1].complete
    assert snapshot.line == last_line()
