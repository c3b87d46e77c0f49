"""What takes time, or has a time: tries, planned switches, and versions on probation.

Two threads of the xDS process do it, of which there may be several.

A try belongs to the process that holds it, and to the next one once that has been silent for a while. A switch is made in the
transaction that deletes its candidate, so that however many processes come to it, one makes it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, connection
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from certificates.actions import AlreadyUploaded
from certificates.models import Certificate, KeyDestroyed
from certificates.rollout import actions, receipts, steps, trying
from certificates.rollout.destroying import destroy_quiet_keys
from certificates.rollout.models import Candidate, Probation, Rules, When, rules_of
from certificates.rollout.proposals import Proposal
from certificates.rollout.refusals import seen_in
from certificates.rollout.windows import Window
from certificates.sealing import SealingError
from portal.clock import shared_now
from portal.database import give_back
from portal.kept_sentences import kept

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_LONGEST_PAUSE = 30.0
_TIDY_SECONDS = 10.0
GIVEN_UP = kept(
    gettext_noop("Not every back end has accepted it within seven days, so nothing was changed. Look at the try, and decide anew.")
)
_HELD = timedelta(seconds=60)  # longer than one try can take; each result prolongs it


class Tries:
    """The thread that tries what is proposed."""

    def __init__(self, of: type[Proposal] = Candidate) -> None:
        """Begin as somebody who holds nothing; *of* says what is tried."""
        self._rows = of._default_manager
        self._holder = str(uuid.uuid4())

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop*; while the database is away, look ever more seldom."""
        keep_on(stop, self.step)

    def step(self) -> bool:
        """Try one that waits for it; return whether there was one."""
        now = shared_now()
        asked = Q(try_asked_at__isnull=False) & (Q(tried_for__isnull=True) | ~Q(tried_for=F("try_asked_at")))
        free = Q(held_until__isnull=True) | Q(held_until__lt=now)
        waiting = self._rows.filter(asked, free).order_by("try_asked_at").first()
        if waiting is None or not self._rows.filter(free, pk=waiting.pk).update(holder=self._holder, held_until=now + _HELD):
            return False
        with contextlib.suppress(IntegrityError):  # it was discarded at this very moment
            if trying.carry_out(waiting, still_ours=lambda: self._hold_on_to(waiting)):
                held = self._rows.filter(pk=waiting.pk, holder=self._holder)
                held.update(tried_for=waiting.try_asked_at, tried_at=timezone.now(), holder="", held_until=None)
        return True

    def _hold_on_to(self, proposal: Proposal) -> bool:
        """Prolong the hold; return whether it is still ours."""
        ours = self._rows.filter(pk=proposal.pk, holder=self._holder)
        return bool(ours.update(held_until=shared_now() + _HELD))


class Switches:
    """The thread that switches to what is due, has tried again what was not accepted, keeps receipts up and old keys down."""

    def __init__(self) -> None:
        """Begin without having tidied."""
        self._looked = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop*; while the database is away, look ever more seldom."""
        keep_on(stop, self.step)

    def step(self) -> bool:
        """Do once what is to be done; return false, as there is no more."""
        now = timezone.now()
        due = Q(when=When.AT, at__lte=now) | Q(when=When.AFTER_TRY)
        for candidate in Candidate.objects.filter(due, trouble="").select_related("certificate", "confirmed_by"):
            _look_at(candidate, now=now)
        for probation in Probation.objects.filter(ended_at=None).select_related("version", "before"):
            _judge(probation, now=now)
        if time.monotonic() - self._looked > _TIDY_SECONDS:
            self._looked = time.monotonic()
            receipts.keep_up(now=now)
            destroy_quiet_keys(now=now)
        return False


def _look_at(candidate: Candidate, *, now: datetime) -> None:
    if candidate.is_due(now=now):
        _switch(candidate, now=now)
    elif candidate.when == When.AFTER_TRY and candidate.is_tried:
        if not trying.is_accepted(candidate):
            _try_again(candidate, now=now)
        elif (window := _window_of(candidate)) is None:
            _switch(candidate, now=now)
        elif opened_at := window.opened_at(now):
            _switch_within(opened_at, candidate, now=now)


def _switch_within(opened_at: datetime, candidate: Candidate, *, now: datetime) -> None:
    """Switch to what was accepted and has waited for its times; what was tried before they began is tried once more before.

    APIs may have come since, and back ends may have changed.
    """
    if candidate.tried_at and candidate.tried_at >= max(opened_at, now - actions.TRIED_AGAIN_EVERY):
        _switch(candidate, now=now)
    else:
        Candidate.objects.filter(pk=candidate.pk, when=When.AFTER_TRY, tried_for=F("try_asked_at")).update(try_asked_at=now)


def _judge(probation: Probation, *, now: datetime) -> None:
    """Put back what back ends refuse that took the version before; go on once the time is over."""
    known = () if probation.canary else probation.expected  # a canary is there to be watched
    risen = [one for one in seen_in(probation) if one.has_risen and one.api not in known]
    with contextlib.suppress(steps.Ended, KeyDestroyed):  # another process was faster, or a person
        if risen and _can_be_put_back(probation, now=now):
            log.warning("Back ends refuse version %d of %s; the one before is put back.", probation.version.number, probation.certificate)
            steps.put_back(probation, because=risen, by=None, now=now)
        elif now >= probation.ends_at:
            (steps.go_on(probation, by=None, now=now) if probation.canary else steps.pass_(probation, now=now))


def _can_be_put_back(probation: Probation, *, now: datetime) -> bool:
    """Return whether the version before would serve: not if its key was destroyed, or it has expired meanwhile."""
    return probation.before.destroyed_at is None and probation.before.not_after > now


def _window_of(candidate: Candidate) -> Window | None:
    """Return the times within which what a source has brought is switched to; ``None``: at any time."""
    rules = rules_of(candidate.certificate)
    if candidate.confirmed_at or rules.sources != Rules.Sources.WINDOW or rules.window_from is None or rules.window_to is None:
        return None
    return Window(days=rules.window_days, opens=rules.window_from, closes=rules.window_to, zone=rules.window_zone)


def _switch(candidate: Candidate, *, now: datetime) -> None:
    try:
        actions.switch_as_planned(candidate, now=now)
    except (actions.Gone, Certificate.DoesNotExist):
        return  # another process was faster, or somebody has thought better of it
    except (AlreadyUploaded, SealingError, steps.NoCanary) as error:
        log.error("%s was not switched as planned: %s", candidate.certificate, error)  # noqa: TRY400 - the sentence says it all
        Candidate.objects.filter(pk=candidate.pk).update(trouble=_why(error))


def _why(error: AlreadyUploaded | SealingError | steps.NoCanary) -> str:
    """Return why a planned switch was not made, as it is stored."""
    match error:
        case AlreadyUploaded():
            return kept(gettext_noop("This certificate is already uploaded as %(name)s."), name=error.certificate.name)
        case steps.NoCanary():
            return error.kept
        case _:
            return kept(gettext_noop("The private key of the new version does not open; the log says why. Upload it anew."))


def _try_again(candidate: Candidate, *, now: datetime) -> None:
    """Have it tried again when it is time; after :data:`actions.TRIED_AGAIN_FOR` it is left to people, who are told so."""
    if candidate.until and now >= candidate.until:
        Candidate.objects.filter(pk=candidate.pk, when=When.AFTER_TRY).update(trouble=GIVEN_UP)
    elif candidate.tried_at and now >= candidate.tried_at + actions.TRIED_AGAIN_EVERY:
        Candidate.objects.filter(pk=candidate.pk, when=When.AFTER_TRY).update(try_asked_at=now)


def keep_on(stop: threading.Event, step: Callable[[], bool]) -> None:
    """Carry out *step* until *stop*, at once again where it says that there is more; while the database is away, ever more seldom."""
    pause = _LOOK_SECONDS
    while not stop.wait(pause):
        try:
            more = step()
        except DatabaseError as error:
            log.warning("Tries and planned switches wait for the database: %s", error)
            connection.close()
            pause = min(max(pause, _LOOK_SECONDS) * 2, _LONGEST_PAUSE)
        else:
            pause = 0 if more else _LOOK_SECONDS
            give_back()
    connection.close()
