"""Renews what came by ACME: at two thirds of its life, or when its authority says so (ARI). In a thread of the xDS process.

One process at a time orders for an entry. A failure is noted at once, and tried again ever more rarely, since authorities count.
"""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from certificates.actions import AlreadyUploaded
from certificates.judgement import Purpose
from certificates.pfx import Pfx
from certificates.rollout.models import Candidate
from certificates.sources import actions
from certificates.sources.acme.actions import next_renewal
from certificates.sources.acme.binding import binding_of, note_registration
from certificates.sources.acme.ordering import Authority, Wish, two_thirds
from certificates.sources.acme.proofs import proof_by
from certificates.sources.delivery import Origin, refuse_planned
from certificates.sources.models import Source, SourceKind
from certificates.sources.trouble import Trouble, Why
from portal.database import give_back

log = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0
_LONGEST_PAUSE = 60.0
_HOLD = timedelta(minutes=10)  # longer than an order can take
_AT_MOST_EVERY = timedelta(hours=1)  # whatever the authority says
_FIRST_RETRY, _LAST_RETRY = timedelta(minutes=5), timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brought:
    """The certificate that the next one follows.

    :ivar came_at: when it was added, or the source brought it
    """

    der: bytes
    two_thirds: datetime
    came_at: datetime


class AcmeKeeper:
    """The thread that renews."""

    def __init__(self) -> None:
        """Order as this process."""
        self._holder = f"{socket.gethostname()[:25]}/{threading.get_native_id()}"

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop*; while the database is away, try again ever more slowly."""
        pause = _LOOK_SECONDS
        while not stop.wait(pause):
            try:
                self.step(stop)
            except DatabaseError as error:
                log.warning("Renewals by ACME wait for the database: %s", error)
                connection.close()
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = _LOOK_SECONDS
                give_back()
        connection.close()

    def step(self, stop: threading.Event | None = None) -> None:
        """Do once what is due."""
        now = timezone.now()
        due = Source.objects.filter(Q(due_at__lte=now) | Q(ask_at__lte=now), kind=SourceKind.ACME)
        for source in due.select_related("certificate__current", "certificate__ahead", "account").order_by("due_at"):
            if stop and stop.is_set():
                return
            if actions.take_hold(source, holder=self._holder, length=_HOLD):
                self._look(source, now)

    def _look(self, source: Source, now: datetime) -> None:
        directory = source.settings["directory"]
        if (key := source.account.opened()) is None:
            self._failed(source, Trouble(why=Why.DAMAGED, path=directory), now)
            return
        authority = Authority(directory, key, account=source.account.url, verify=settings.ACME_CA)
        if source.ask_at is not None and source.ask_at <= now:
            source = self._ask(source, authority)
        if source.due_at is not None and source.due_at <= now:
            self._renew(source, authority, now)
        else:
            actions.let_go(source)

    def _ask(self, source: Source, authority: Authority) -> Source:
        """Ask when the authority wants the certificate renewed; while a failure is tried again, that goes by itself."""
        last = _brought_last(source)
        at, ask_at = authority.renewal_of(last.der)
        if source.failing_since is None:
            wanted = at or last.two_thirds
            source.due_at = max(wanted, last.came_at + _AT_MOST_EVERY)
        source.ask_at = ask_at
        source.save(update_fields=["due_at", "ask_at"])
        return source

    def _renew(self, source: Source, authority: Authority, now: datetime) -> None:
        wish = Wish.of(source.settings)
        if _is_ahead(source):
            Source.objects.filter(pk=source.pk).update(due_at=now + _FIRST_RETRY, held_until=None)
            return
        try:
            refuse_planned(source.certificate, source=Origin.ACME)
            pfx = self._order(source, authority, wish)
            digest = hashlib.sha256(pfx.certificate).hexdigest()
            actions.take(source, digest, pfx, now=timezone.now(), **next_renewal(pfx))
        except Trouble as trouble:
            self._failed(source, trouble, now)
        except AlreadyUploaded as refusal:
            self._failed(source, Trouble(why=Why.HELD, path=wish.directory, detail=refusal.certificate.name), now)

    def _order(self, source: Source, authority: Authority, wish: Wish) -> Pfx:
        """Order, also where the account is registered with this order; that it is stays, whatever becomes of the order.

        :raises Trouble: if the authority does not issue it
        """
        try:
            return authority.obtain(wish, Purpose(source.certificate.kind), proof_by(wish.challenge), binding=binding_of(source.account))
        finally:
            note_registration(source.account, authority.account)

    def _failed(self, source: Source, trouble: Trouble, now: datetime) -> None:
        log.warning("The certificate %s was not renewed: %s", source.certificate.name, trouble)
        failing_for = now - source.failing_since if source.failing_since else timedelta()
        actions.note_failure(source, trouble, now=now)
        Source.objects.filter(pk=source.pk).update(due_at=now + min(max(failing_for, _FIRST_RETRY), _LAST_RETRY), held_until=None)


def _brought_last(source: Source) -> _Brought:
    """Return what was brought last: it may wait for a person or a back end for weeks, and that is no reason to order another one.

    It is the candidate that was ordered, else what a canary presents already, else what is current.
    """
    entry = source.certificate
    waiting = Candidate.objects.filter(certificate=entry.pk, source=Origin.ACME).first()
    version = entry.ahead or entry.current
    assert version is not None  # noqa: S101 - an entry is made with its first version
    came_at = max(version.created_at, source.delivered_at or version.created_at)
    if waiting is None:
        return _Brought(der=bytes(version.der), two_thirds=two_thirds(version.not_before, version.not_after), came_at=came_at)
    facts = waiting.path[0]
    return _Brought(der=bytes(waiting.der), two_thirds=two_thirds(facts.not_before, facts.not_after), came_at=came_at)


def _is_ahead(source: Source) -> bool:
    """Return whether a canary presents what the source has brought: the others follow soon, or it is put back."""
    ahead = source.certificate.ahead
    return ahead is not None and ahead.thumbprint_sha256 == source.delivered.upper()
