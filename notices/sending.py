"""Telling what is due, once, however many processes are at it.

Before a message is sent, rows that say what it tells are written; of two processes only one can. If it does not arrive they are taken back,
and it is tried again later. A process that dies in between leaves them, and the others take them back after five minutes: the message may
have gone, so its id is the same the next time (``Message-ID``, ``X-Portal-Delivery``).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from notices.channels import Undelivered, deliver
from notices.messages import Message, MessageType, message_of, trial
from notices.models import CLAIMED_FOR, Acknowledgement, Outcome, Recipient, Schedule
from notices.models import Told as ToldRow
from notices.recipients import Addressee, Told, recipients
from notices.subjects import Subject, look
from notices.subjects.subject import FAILING
from notices.thresholds import passed, summary_of

log = logging.getLogger(__name__)

_NAMESPACE = uuid.UUID("6f1f6f5c-63f0-4c57-9d0e-5a3f3b0b8a55")  # of the ids of deliveries
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=30)
_SUMMARY = "summary"


def send_due(*, now: datetime) -> int:
    """Tell everybody what they have not been told yet; return how many messages have arrived."""
    schedule = Schedule.current()
    subjects = look(now=now, within=timedelta(days=max(schedule.thresholds)))
    if not subjects:
        return 0
    ToldRow.objects.filter(sent_at__isnull=True, claimed_at__lt=Now() - CLAIMED_FOR).delete()
    marks = marks_of(subjects, schedule, now=now)
    week = summary_of(schedule.weekly, now=now)
    sent = sum(_tell(told, marks, now=now) for told in _undisturbed(recipients(unacknowledged(subjects)), now))
    return sent + (sum(_sum_up(told, week, now=now) for told in _undisturbed(recipients(subjects), now)) if week else 0)


def unacknowledged(subjects: Iterable[Subject]) -> list[Subject]:
    """Return those of which somebody wants to hear."""
    known = set(Acknowledgement.objects.values_list("subject", "version"))
    return [subject for subject in subjects if (subject.key, subject.version) not in known]


def due_for(told: Told, marks: dict[str, str]) -> list[Subject]:
    """Return what an addressee has not been told yet of what is due."""
    already = set(ToldRow.objects.filter(recipient=told.addressee.key).values_list("subject", "version", "mark"))
    return [subject for subject in told.subjects if (subject.key, subject.version, marks[subject.key]) not in already]


def test(addressee: Addressee, *, now: datetime) -> Recipient:
    """Send a message that tells nothing, at once; return what became of it."""
    return _send(trial(language=addressee.language), addressee, now=now)


def marks_of(subjects: Iterable[Subject], schedule: Schedule, *, now: datetime) -> dict[str, str]:
    """Return, by key, the threshold that each of *subjects* is to be told for."""
    return {
        subject.key: FAILING if subject.ends_at is None else str(passed(subject.ends_at, schedule.thresholds, now=now))
        for subject in subjects
    }


def _undisturbed(everybody: Iterable[Told], now: datetime) -> list[Told]:
    """Leave out those to whom nothing got through a short while ago."""
    waiting = set(Recipient.objects.filter(retry_at__gt=now).values_list("key", flat=True))
    return [told for told in everybody if told.addressee.key not in waiting]


def _tell(told: Told, marks: dict[str, str], *, now: datetime) -> bool:
    subjects = due_for(told, marks)
    if not subjects:
        return False
    rows = [ToldRow(subject=one.key, version=one.version, mark=marks[one.key]) for one in subjects]
    return _send_once(told.addressee, [(one, marks[one.key]) for one in subjects], rows, type_=MessageType.NOTICE, now=now)


def _sum_up(told: Told, week: str, *, now: datetime) -> bool:
    row = ToldRow(subject=_SUMMARY, version=week, mark=_SUMMARY)
    if ToldRow.objects.filter(recipient=told.addressee.key, subject=row.subject, version=row.version, mark=row.mark).exists():
        return False
    return _send_once(told.addressee, [(one, "") for one in told.subjects], [row], type_=MessageType.SUMMARY, now=now)


def _send_once(addressee: Addressee, due: list[tuple[Subject, str]], rows: list[ToldRow], *, type_: MessageType, now: datetime) -> bool:
    """Send one message and keep that it was; return whether it has arrived. Nothing happens if another process is at it, or was."""
    identifier = uuid.uuid5(_NAMESPACE, "\n".join([addressee.key, *sorted(str((row.subject, row.version, row.mark)) for row in rows)]))
    if not _claim(rows, addressee, identifier):
        return False
    message = message_of(due, identifier=identifier, type_=type_, language=addressee.language, now=now)
    claimed = ToldRow.objects.filter(recipient=addressee.key, delivery=identifier, sent_at__isnull=True)
    if _send(message, addressee, now=now).delivered:
        claimed.update(sent_at=now)
        return True
    claimed.delete()
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


def _send(message: Message, addressee: Addressee, *, now: datetime) -> Recipient:
    """Send it and keep what became of it."""
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
