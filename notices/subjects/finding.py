"""What somebody may acknowledge: what is due, and entries whether or not they are."""

from __future__ import annotations

from datetime import datetime, timedelta

from certificates.kinds import PAGES
from notices.models import Schedule
from notices.subjects import Subject, look
from notices.subjects.entries import subject_of


def due(*, now: datetime) -> list[Subject]:
    """Return what is told of, or will be within the days of the schedule, the most urgent first."""
    return look(now=now, within=timedelta(days=max(Schedule.current().thresholds)))


def subject_by_key(key: str, *, now: datetime) -> Subject | None:
    """Return the subject of that key: an entry whether or not it ends soon, else what is due."""
    kind, _separator, number = key.partition(":")
    pages = next((pages for known, pages in PAGES.items() if known.value == kind), None)
    if pages and number.isascii() and number.isdecimal():
        entry = pages.model.objects.with_current().filter(pk=int(number[:18])).first()
        return subject_of(entry) if entry else None
    return next((subject for subject in due(now=now) if subject.key == key), None)
