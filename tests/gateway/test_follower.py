"""Following the activity log: nothing that happens while everything is read for the first time is missed."""

from __future__ import annotations

import threading

import pytest
from django.utils import timezone

from gateway import actions
from gateway.alpn import Handshakes
from gateway.compile import GatewayListener
from gateway.follower import Follower
from gateway.hub import Update
from gateway.models import Gateway
from gateway.notes import Notebook
from gateway.world import World
from tests.gateway.plant import eventually

pytestmark = pytest.mark.django_db(transaction=True)


class SlowWorld(World):
    """A world during whose first reading somebody enrols a gateway."""

    def load(self) -> Update:
        """Read everything, a moment too late."""
        actions.enrol("gateway-2", by=None, now=timezone.now())
        return super().load()


def test_a_gateway_that_is_enrolled_while_everything_is_read_is_known_afterwards() -> None:
    known: list[set[str]] = []
    stop = threading.Event()

    def note() -> None:
        known.append(set(Gateway.objects.values_list("name", flat=True)))

    world = SlowWorld(GatewayListener(host="127.0.0.1", port=1), Notebook(), Handshakes(allowed=()))
    thread = threading.Thread(target=Follower(world, lambda _: None, note).run, args=[stop])
    thread.start()
    try:
        eventually(lambda: {"gateway-2"} in known)
    finally:
        stop.set()
        thread.join()
