"""Moments of gateways go by the clock of the database, which the machines share; a control plane's own may be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from gateway.alert import Alert
from gateway.alerting import watch
from gateway.control.status_queue import StatusQueue
from gateway.control.status_writer import StatusWriter
from gateway.models import Gateway
from portal.clock import shared_now

pytestmark = pytest.mark.django_db


def told_at(statuses: StatusQueue) -> datetime:
    """Return when a gateway that leaves now is said to have left."""
    statuses.disconnected("gateway-1")
    return statuses.take().gateways["gateway-1"]["disconnected_at"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("by", [timedelta(minutes=7), timedelta(minutes=-7)])
def test_what_a_control_plane_notes_goes_by_the_clock_that_is_shared(by: timedelta) -> None:
    statuses = StatusQueue()
    statuses.go_by(datetime.now(UTC) + by)
    assert abs(told_at(statuses) - datetime.now(UTC) - by) < timedelta(minutes=1)


def test_what_differs_by_less_than_asking_takes_is_no_difference() -> None:
    statuses = StatusQueue()
    statuses.go_by(datetime.now(UTC) - timedelta(milliseconds=300))
    assert abs(told_at(statuses) - datetime.now(UTC)) < timedelta(milliseconds=200)


def test_whose_clock_is_wrong_tells_no_gateway_to_be_away(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = StatusQueue()
    Gateway.objects.create(name="gateway-1", connected_at=shared_now(), seen_at=shared_now() - timedelta(minutes=3))
    statuses.disconnected("gateway-1")
    StatusWriter(statuses, lambda _key: ()).write()
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(hours=1))  # of the portal that watches
    watch(now=timezone.now())
    assert Alert.objects.exists() == (connection.vendor == "sqlite"), "a file is of one machine: there, that much time has passed"
