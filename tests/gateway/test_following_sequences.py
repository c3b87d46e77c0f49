"""Whatever is done in whatever order, and however many lines are read at once: gateways have what reading everything anew gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.compile import GatewayListener
from gateway.control.alpn import Handshakes
from gateway.control.snapshot import Snapshot
from gateway.control.status_queue import StatusQueue
from gateway.streams.cache import Cache
from gateway.streams.stream import Key
from portal.activity import last_line
from portal.models import Activity
from tests.gateway.changes import CHANGES, REFUSALS, Change, begin

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


class ControlPlane:
    """A snapshot that follows, and what it has its gateways have."""

    def __init__(self) -> None:
        """Read everything."""
        self._snapshot = Snapshot(GatewayListener(host="127.0.0.1", port=1), StatusQueue(), Handshakes(allowed=()))
        self._cache = Cache(StatusQueue())
        self._cache.apply(self._snapshot.load(last_line()))

    def follow(self) -> None:
        """Take all lines that have come, at once."""
        self._take(self._news())

    def follow_one_by_one(self) -> None:
        """Take all lines that have come, each by itself, while the rows are as the last of them has made them."""
        for line in self._news():
            self._take([line])

    def state(self) -> dict[str, Any]:
        """Return what gateways shall have, what stands in where they refuse it, and which APIs it is for."""
        has = self._has()
        return {
            "has": has,
            "instead": {key: list(self._cache.fallbacks_of(key)) for key in has},
            "apis": {key: set(self._snapshot.apis_of(key)) for key in has},
        }

    def _news(self) -> list[Activity]:
        return list(Activity.objects.filter(id__gt=self._snapshot.line).order_by("id"))

    def _take(self, lines: Sequence[Activity]) -> None:
        if not lines:
            return
        before, update = self._has(), self._snapshot.follow(lines)
        self._cache.apply(update)
        now = self._has()
        changed = {key for key in before | now if before.get(key) != now.get(key)}
        assert changed <= {key for keys in update.touched.values() for key in keys}, "only what is touched is sent"

    def _has(self) -> dict[Key, object]:
        return {(kind, name): one for kind, found in self._cache.desired.items() for name, one in found.items()}


@contextmanager
def a_world() -> Iterator[None]:
    """Have some of everything, and nothing again afterwards."""
    with transaction.atomic():
        begin()
        yield
        transaction.set_rollback(True)


def make(change: Change, chance: Random) -> None:
    """Make a change, or find that it cannot be made."""
    try:
        with transaction.atomic():
            change(chance)
    except REFUSALS:
        pass


@settings(max_examples=12)
@given(st.lists(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=6), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_following_amounts_to_reading_everything_anew(rounds: list[list[Change]], chance: Random) -> None:
    with a_world():
        after_each, at_once, one_by_one = ControlPlane(), ControlPlane(), ControlPlane()
        for changes in rounds:
            for change in changes:
                make(change, chance)
                after_each.follow()
            at_once.follow()
            one_by_one.follow_one_by_one()
            for following in (after_each, at_once, one_by_one):
                assert following.state() == ControlPlane().state()
