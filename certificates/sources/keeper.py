"""Looks at the sources of all entries, brings what is new, and notes which fail. In a thread of the xDS process.

What is new is taken once it was read twice alike and opens: half a file does not, nor a certificate whose key has not been written yet.
What does not open after a few seconds of patience is a failure, which the pages show. Of several machines the one that sees a source has
hold of it; the others stay silent meanwhile, since what is not there for them need not be there.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.utils import timezone

from certificates.actions import AlreadyUploaded
from certificates.pfx import Pfx, Problem
from certificates.sources import actions
from certificates.sources.brought import Brought
from certificates.sources.changes import Changes
from certificates.sources.kinds import LOOKED_AT, reader_of
from certificates.sources.models import Source
from certificates.sources.trouble import Trouble, Why
from portal.clock import shared_now
from portal.database import give_back

log = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0  # where no change is told of
_WAIT_SECONDS = 0.5  # until it is looked whether to stop
_LONGEST_PAUSE = 30.0
SETTLE_SECONDS = 0.15  # between two reads that have to be alike
PATIENCE_SECONDS = 5.0  # for whoever writes several files, or takes one away before the next is there
_HOLD = timedelta(minutes=10)
_OF_THE_MOMENT = (Problem.BUSY, Problem.NOT_ASKED, Why.PLANNED)  # nothing is wrong with what was read


@dataclass(slots=True)
class _Seen:
    """What lies there and was not brought yet."""

    what: Brought
    since: float = field(default_factory=time.monotonic)
    trouble: Trouble | None = None

    def lasts(self, seconds: float) -> bool:
        return time.monotonic() - self.since >= seconds


class SourceKeeper:
    """The thread that looks."""

    def __init__(self) -> None:
        """Look as this machine."""
        self._machine = socket.gethostname()[:40]
        self._changes = Changes()
        self._seen: dict[int, _Seen] = {}
        self._failing: dict[int, float] = {}  # since when, until it is told

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop*; while the database is away, try again ever more slowly."""
        pause = _LOOK_SECONDS
        while not stop.is_set():
            try:
                soon = self.step()
            except DatabaseError as error:
                log.warning("The sources of certificates wait for the database: %s", error)
                connection.close()
                pause = min(pause * 2, _LONGEST_PAUSE)
                stop.wait(pause)
            else:
                pause = _LOOK_SECONDS
                give_back()
                self._wait(SETTLE_SECONDS if soon else _LOOK_SECONDS, stop)
        self.close()
        connection.close()

    def close(self) -> None:
        """Watch no longer."""
        self._changes.close()

    def step(self) -> bool:
        """Look at every source once; return whether it is worth while to look again soon."""
        now = timezone.now()
        sources = list(Source.objects.filter(kind__in=LOOKED_AT).select_related("certificate__current"))
        self._changes.watch({folder for source in sources for folder in reader_of(source).folders()})
        for gone in self._seen.keys() - {source.pk for source in sources}:
            del self._seen[gone]
        shared = shared_now() if sources else now
        looks = [self._look(source, now, shared) for source in sources if not self._is_anothers(source, shared)]
        return any(looks)

    def _wait(self, seconds: float, stop: threading.Event) -> None:
        until = time.monotonic() + seconds
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if self._changes.wait(min(left, _WAIT_SECONDS)):
                return

    def _is_anothers(self, source: Source, shared: datetime) -> bool:
        """Tell whether another machine has hold of it and sees it."""
        held = source.held_until is not None and source.held_until > shared and source.holder != self._machine
        return held and source.failing_since is None

    def _look(self, source: Source, now: datetime, shared: datetime) -> bool:
        try:
            brought = reader_of(source).bring()
        except Trouble as trouble:
            self._seen.pop(source.pk, None)
            return self._failed(source, trouble, now)
        if brought.digest == source.delivered:
            self._seen.pop(source.pk, None)
            self._is_well(source, now, shared)
            return False
        seen = self._seen.get(source.pk)
        if seen is None or seen.what != brought:
            self._seen[source.pk] = _Seen(brought)
            return True
        if not seen.lasts(SETTLE_SECONDS):
            return True
        return self._failed(source, seen.trouble, now) if seen.trouble else self._take(source, seen, now, shared)

    def _take(self, source: Source, seen: _Seen, now: datetime, shared: datetime) -> bool:
        try:
            pfx = seen.what.open(now=now)
            if _is_still_written(source, pfx) and not seen.lasts(PATIENCE_SECONDS):
                return True
            actions.take(source, seen.what.digest, pfx, now=now, holder=self._machine, held_until=shared + _HOLD)
        except AlreadyUploaded as refusal:
            seen.trouble = Trouble(why=Why.HELD, path=seen.what.path, detail=refusal.certificate.name)
        except Trouble as trouble:
            seen.trouble = None if trouble.why in _OF_THE_MOMENT else trouble
            return self._failed(source, trouble, now)
        else:
            self._seen.pop(source.pk, None)
            self._failing.pop(source.pk, None)
            return False
        return self._failed(source, seen.trouble, now)

    def _failed(self, source: Source, trouble: Trouble, now: datetime) -> bool:
        """Note a failure that has lasted; return whether it has not yet."""
        since = self._failing.setdefault(source.pk, time.monotonic())
        if source.failing_since is None and time.monotonic() - since < PATIENCE_SECONDS:
            return True
        if source.failure != trouble.as_json():
            log.warning("The source of the certificate %s fails: %s", source.certificate.name, trouble)
            actions.note_failure(source, trouble, now=now)
        return False

    def _is_well(self, source: Source, now: datetime, shared: datetime) -> None:
        """Note that what lies there was brought, but seldom: nobody reads that every other second."""
        self._failing.pop(source.pk, None)
        if source.failing_since or source.held_until is None or source.held_until < shared + _HOLD / 2:
            actions.note_look(source, holder=self._machine, held_until=shared + _HOLD, now=now)


def _is_still_written(source: Source, pfx: Pfx) -> bool:
    """Tell whether a chain that was there before is not there (yet)."""
    before = source.certificate.current
    return before is not None and bool(before.chain) and not pfx.chain
