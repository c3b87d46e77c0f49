"""Telling what is due, once, however many processes are at it.

Before a message is sent, rows that say what it tells are written; of two processes only one can. If it does not arrive they are taken back,
and it is tried again later. A process that dies in between leaves them, and the others take them back after five minutes: the message may
have gone, so its id is the same the next time (``Message-ID``, ``X-Portal-Delivery``).
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from gateway.alerting import watch
from notices.channels import Undelivered, deliver
from notices.episodes import follow
from notices.messages import Message, MessageType, message_of
from notices.models import CLAIMED_FOR, Acknowledgement, Outcome, Recipient, Schedule
from notices.models import Told as ToldRow
from notices.recipients import Addressee, Told, recipients
from notices.subject import FAILING, OVER
from notices.subjects import Subject, look
from notices.thresholds import passed, summary_of

log = logging.getLogger(__name__)

Marks = dict[tuple[str, str], str]
_NAMESPACE = uuid.UUID("6f1f6f5c-63f0-4c57-9d0e-5a3f3b0b8a55")  # of the ids of deliveries
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=30)
_SUMMARY = "summary"
_SERVER_AWAY = frozenset({Outcome.UNREACHABLE, Outcome.TOO_SLOW})


def send_due(*, now: datetime, going: Callable[[], bool] = lambda: True) -> int:
    """Tell everybody what they have not been told yet; return how many messages have arrived.

    :param going: whether to go on with the next recipient
    """
    watch(now=now)
    schedule = Schedule.current()
    subjects = look(now=now, within=timedelta(days=max(schedule.thresholds)))
    over = follow(subjects, now=now)
    if not (subjects or over):
        return 0
    ToldRow.objects.filter(sent_at__isnull=True, claimed_at__lt=Now() - CLAIMED_FOR).delete()
    marks = marks_of([*over, *subjects], schedule, now=now)
    week = summary_of(schedule.weekly, now=now)
    one = _Round(now, going)
    sent = sum(one.tell(told, marks) for told in one.undisturbed(recipients(unacknowledged([*subjects, *over]))))
    return sent + (sum(one.sum_up(told, week) for told in one.undisturbed(recipients(subjects))) if week else 0)


def unacknowledged(subjects: Iterable[Subject]) -> list[Subject]:
    """Return those of which somebody wants to hear."""
    known, schedule = set(Acknowledgement.objects.in_force().values_list("subject", "version")), Schedule.current()
    return [one for one in subjects if (one.key, one.version) not in known and schedule.tells_of(one.topic)]


def due_for(told: Told, marks: Marks) -> list[Subject]:
    """Return what an addressee has not been told yet of what is due."""
    already = set(ToldRow.objects.filter(recipient=told.addressee.key).values_list("subject", "version", "mark"))
    return [subject for subject in told.subjects if _is_due(subject, marks, already)]


def _is_due(subject: Subject, marks: Marks, already: set[tuple[str, str, str]]) -> bool:
    """Return whether *subject* is to be told; that it is over, only to those who know that it failed."""
    which = (subject.key, subject.version)
    return (*which, marks[which]) not in already and (not subject.is_over or (*which, FAILING) in already)


def marks_of(subjects: Iterable[Subject], schedule: Schedule, *, now: datetime) -> Marks:
    """Return, by key and version, the threshold that each of *subjects* is to be told for."""
    return {(subject.key, subject.version): _mark_of(subject, schedule, now) for subject in subjects}


def _mark_of(subject: Subject, schedule: Schedule, now: datetime) -> str:
    if subject.is_over:
        return OVER
    return FAILING if subject.ends_at is None else str(passed(subject.ends_at, schedule.thresholds, now=now))


class _Round:
    """One round of messages. Where the mail server itself is away, the first mail finds that out, and the others wait for the next."""

    def __init__(self, now: datetime, going: Callable[[], bool]) -> None:
        self._began_at, self._began = now, time.monotonic()
        self._going = going
        self._mail_is_away = False

    @property
    def _now(self) -> datetime:
        """The moment, as the round goes on: what is signed tells it."""
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)

    def undisturbed(self, everybody: Iterable[Told]) -> Iterator[Told]:
        """Yield them, as long as this is to go on, but for those to whom nothing got through a short while ago."""
        waiting = set(Recipient.objects.filter(retry_at__gt=self._now).values_list("key", flat=True))
        for told in everybody:
            if not self._going():
                return
            if told.addressee.key not in waiting and not (self._mail_is_away and told.addressee.by_mail):
                yield told

    def tell(self, told: Told, marks: Marks) -> bool:
        """Tell an addressee what is due for them; return whether a message has arrived."""
        subjects = due_for(told, marks)
        if not subjects:
            return False
        rows = [ToldRow(subject=one.key, version=one.version, mark=marks[one.key, one.version]) for one in subjects]
        return self._send_once(told.addressee, [(one, marks[one.key, one.version]) for one in subjects], rows, MessageType.NOTICE)

    def sum_up(self, told: Told, week: str) -> bool:
        """Send the summary of *week*; return whether it has arrived."""
        row = ToldRow(subject=_SUMMARY, version=week, mark=_SUMMARY)
        if ToldRow.objects.filter(recipient=told.addressee.key, subject=row.subject, version=row.version, mark=row.mark).exists():
            return False
        return self._send_once(told.addressee, [(one, "") for one in told.subjects], [row], MessageType.SUMMARY)

    def _send_once(self, addressee: Addressee, due: list[tuple[Subject, str]], rows: list[ToldRow], type_: MessageType) -> bool:
        """Send one message and keep that it was; return whether it has arrived. Nothing happens if another process is at it, or was."""
        identifier = uuid.uuid5(_NAMESPACE, "\n".join([addressee.key, *sorted(str((row.subject, row.version, row.mark)) for row in rows)]))
        if not _claim(rows, addressee, identifier):
            return False
        message = message_of(due, identifier=identifier, type_=type_, language=addressee.language, now=self._now)
        claimed = ToldRow.objects.filter(recipient=addressee.key, delivery=identifier, sent_at__isnull=True)
        result = send(message, addressee, now=self._now)
        if result.delivered:
            claimed.update(sent_at=self._now)
            return True
        claimed.delete()
        self._mail_is_away = self._mail_is_away or (addressee.by_mail and result.outcome in _SERVER_AWAY)
        return False


def _claim(rows: list[ToldRow], addressee: Addressee, identifier: uuid.UUID) -> bool:
    for row in rows:
        row.recipient, row.delivery = addressee.key, identifier
    try:
        with transaction.atomic():
            ToldRow.objects.bulk_create(rows)
    except IntegrityError:
        return False
    return True


def send(message: Message, addressee: Addressee, *, now: datetime) -> Recipient:
    """Send a message now and return, and keep, what became of it."""
    outcome, detail = Outcome.DELIVERED, ""
    try:
        deliver(message, addressee, now=now)
    except Undelivered as error:
        outcome, detail = error.outcome, error.detail
        log.warning("A notice could not be delivered to %s: %s %s", addressee.key, outcome.value, detail)
    return _keep(addressee, outcome, detail, now)


def _keep(addressee: Addressee, outcome: Outcome, detail: str, now: datetime) -> Recipient:
    before = Recipient.objects.filter(key=addressee.key).first()
    failures = 0 if outcome == Outcome.DELIVERED else (before.failures if before else 0) + 1
    pause = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE) if failures else None
    kept, _ = Recipient.objects.update_or_create(
        key=addressee.key,
        defaults={
            "tried_at": now,
            "outcome": outcome,
            "detail": detail,
            "failures": failures,
            "retry_at": now + pause if pause else None,
        },
    )
    return kept
