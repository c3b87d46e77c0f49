"""What takes time, or has a time: tries of candidates, and switches that were planned. A thread of the xDS process.

However many processes there are, a try belongs to the one that holds it, and a switch is made in the transaction that ends its candidate.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import uuid
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from certificates.authorities import switching, trying
from certificates.authorities.actions import AlreadyHeld
from certificates.authorities.models import Authority, AuthorityCandidate
from certificates.rollout.actions import TRIED_AGAIN_EVERY
from certificates.rollout.keeper import GIVEN_UP, keep_on
from certificates.rollout.models import When
from portal.clock import shared_now
from portal.kept_sentences import kept

log = logging.getLogger(__name__)

_HELD = timedelta(seconds=60)  # longer than one try can take; each result prolongs it


class AuthorityKeeper:
    """The thread that tries candidates and switches to what is due."""

    def __init__(self) -> None:
        """Begin as somebody who holds nothing."""
        self._holder = str(uuid.uuid4())

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop*; while the database is away, look ever more seldom."""
        keep_on(stop, self.step)

    def step(self) -> bool:
        """Try one candidate that waits for it and switch to what is due; return whether there was one to try."""
        now = timezone.now()
        tried = self._try_one(shared_now())
        due = Q(when=When.AT, at__lte=now) | Q(when=When.AFTER_TRY)
        for candidate in AuthorityCandidate.objects.filter(due, trouble="").select_related("authority", "confirmed_by"):
            _look_at(candidate, now=now)
        return tried

    def _try_one(self, now: datetime) -> bool:
        asked = Q(try_asked_at__isnull=False) & (Q(tried_for__isnull=True) | ~Q(tried_for=F("try_asked_at")))
        free = Q(held_until__isnull=True) | Q(held_until__lt=now)
        waiting = AuthorityCandidate.objects.filter(asked, free).select_related("authority").order_by("try_asked_at").first()
        if waiting is None:
            return False
        if not AuthorityCandidate.objects.filter(free, pk=waiting.pk).update(holder=self._holder, held_until=now + _HELD):
            return False
        with contextlib.suppress(IntegrityError):  # it was discarded at this very moment
            if trying.carry_out(waiting, still_ours=lambda: self._hold_on_to(waiting)):
                held = AuthorityCandidate.objects.filter(pk=waiting.pk, holder=self._holder)
                held.update(tried_for=waiting.try_asked_at, tried_at=timezone.now(), holder="", held_until=None)
        return True

    def _hold_on_to(self, candidate: AuthorityCandidate) -> bool:
        """Prolong the hold; return whether it is still ours."""
        ours = AuthorityCandidate.objects.filter(pk=candidate.pk, holder=self._holder)
        return bool(ours.update(held_until=shared_now() + _HELD))


def _look_at(candidate: AuthorityCandidate, *, now: datetime) -> None:
    if candidate.is_due(now=now) or (candidate.when == When.AFTER_TRY and candidate.is_accepted):
        _switch(candidate, now=now)
    elif candidate.when == When.AFTER_TRY and candidate.is_tried:
        _try_again(candidate, now=now)


def _switch(candidate: AuthorityCandidate, *, now: datetime) -> None:
    try:
        switching.switch_as_planned(candidate, now=now)
    except (switching.Gone, Authority.DoesNotExist):
        return  # another process was faster, or somebody has thought better of it
    except AlreadyHeld as error:
        log.error("%s was not switched as planned: %s", candidate.authority, error)  # noqa: TRY400 - the sentence says it all
        AuthorityCandidate.objects.filter(pk=candidate.pk).update(
            trouble=kept(gettext_noop("These certificates are the trusted authority %(name)s already."), name=error.authority.name)
        )


def _try_again(candidate: AuthorityCandidate, *, now: datetime) -> None:
    """Have it tried again when it is time; in the end it is left to people, who are told so."""
    same = AuthorityCandidate.objects.filter(pk=candidate.pk, when=When.AFTER_TRY)
    if candidate.until and now >= candidate.until:
        same.update(trouble=GIVEN_UP)
    elif candidate.tried_at and now >= candidate.tried_at + TRIED_AGAIN_EVERY:
        same.update(try_asked_at=now)
