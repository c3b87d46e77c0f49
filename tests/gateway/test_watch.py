"""Following the activity log: nothing that happens while everything is read for the first time is missed."""

from __future__ import annotations

import threading

import pytest
from django.utils import timezone

from gateway import actions
from gateway.compile import GatewayListener
from gateway.control.alpn import Handshakes
from gateway.control.snapshot import Snapshot
from gateway.control.status_queue import StatusQueue
from gateway.control.watch import Watch
from gateway.models import Gateway
from gateway.streams.cache import Update
from tests.gateway.plant import eventually

pytestmark = pytest.mark.django_db(transaction=True)


class SlowSnapshot(Snapshot):
    """A snapshot during whose first reading somebody enrols a gateway."""

    def load(self) -> Update:
        """Read everything, a moment too late."""
        actions.enrol("gateway-2", by=None, now=timezone.now())
        return super().load()


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
