"""Forwarding lines as they are written, and what else the log needs doing from time to time. In a thread of the xDS process.

A line goes when its change is committed, so no change waits for a receiver. How far lines have arrived is kept in the database: what a
process that died had not noted goes again (at least once). Of several processes one forwards.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from portal.activity.exporting import json_of
from portal.activity.floods import tell_sums
from portal.activity.receivers import Receiver, host_name, receiver_of
from portal.activity.trimming import trim_by_age
from portal.clock import shared_now
from portal.database import give_back
from portal.models import Activity, ActivityForwarding, Event

log = logging.getLogger(__name__)

_BATCH = 200
_LOOK_SECONDS = 0.5
_TIDY_SECONDS = 60.0
_HELD = timedelta(seconds=45)  # longer than a batch can take
_LONGEST_PAUSE = 30.0
_FACILITY = 13  # log audit (RFC 5424, table 1)
_NOTICE, _WARNING = 5, 4
_WARNINGS = {Event.SIGN_IN_FAILED, Event.SIGN_IN_CLOSED, Event.TOKEN_FAILED, Event.ACCESS_REFUSED}


class LogKeeper:
    """The thread that forwards, sums floods up and takes away what is too old."""

    def __init__(self) -> None:
        """Forward to where ``PORTAL_ACTIVITY_FORWARD`` says.

        :raises portal.activity.receivers.Unknown: if that is no such place
        """
        authority = Path(settings.ACTIVITY_FORWARD_CA) if settings.ACTIVITY_FORWARD_CA else None
        self._receiver = receiver_of(settings.ACTIVITY_FORWARD, authority=authority) if settings.ACTIVITY_FORWARD else None
        self._holder = str(uuid.uuid4())
        self._last_batch = 0  # before which line it began: it goes again when the connection breaks
        self._tidied = 0.0

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop*; while database or receiver are away, try again ever more slowly."""
        pause = _LOOK_SECONDS
        while not stop.wait(pause):
            try:
                more = self.step()
            except DatabaseError as error:
                log.warning("The activity log waits for the database: %s", error)
                connection.close()
                pause = min(pause * 2, _LONGEST_PAUSE)
            except OSError as error:
                log.warning("Activity cannot be forwarded to %s and waits: %s", settings.ACTIVITY_FORWARD, error)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = 0 if more else _LOOK_SECONDS
                give_back()
        self.close()
        connection.close()

    def close(self) -> None:
        """Hang up."""
        if self._receiver:
            self._receiver.close()

    def step(self) -> bool:
        """Do once what is to be done; return whether there is more to forward."""
        if time.monotonic() - self._tidied > _TIDY_SECONDS:
            self._tidied = time.monotonic()
            tell_sums(timezone.now())
            trim_by_age(now=timezone.now())
        return self._forward(self._receiver) if self._receiver else False

    def _forward(self, receiver: Receiver) -> bool:
        position = ActivityForwarding.objects.get_or_create()[0].line
        if not Activity.objects.filter(id__gt=position).exists() or not self._take_hold():
            return False
        position = ActivityForwarding.objects.get().line
        lines = list(Activity.objects.filter(id__gt=position).order_by("id")[:_BATCH])
        if not lines:
            return False
        try:
            receiver.send(messages(lines, framed=receiver.framed))
        except OSError:
            ActivityForwarding.objects.filter(holder=self._holder).update(line=min(position, self._last_batch))
            raise
        self._last_batch = position
        ActivityForwarding.objects.filter(holder=self._holder).update(line=lines[-1].id)
        return len(lines) == _BATCH

    def _take_hold(self) -> bool:
        """Be the process that forwards, unless another one is."""
        now = shared_now()
        free = Q(holder=self._holder) | Q(held_until__isnull=True) | Q(held_until__lt=now)
        return bool(ActivityForwarding.objects.filter(free).update(holder=self._holder, held_until=now + _HELD))


def messages(lines: Sequence[Activity], *, framed: bool) -> list[bytes]:
    """Return *lines* as JSON, each in a syslog message if they are to be *framed* (RFC 5424)."""
    return [(f"{_header(line)} - {json_of(line)}" if framed else json_of(line)).encode("ascii") for line in lines]


def _header(line: Activity) -> str:
    severity = _WARNING if line.event in _WARNINGS else _NOTICE
    at = line.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"<{_FACILITY * 8 + severity}>1 {at} {host_name()} publisher-portal - {line.event}"
