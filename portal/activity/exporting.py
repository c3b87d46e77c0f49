"""Lines for elsewhere: JSON, one object a line, and CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from portal.activity.reading import within
from portal.activity.writing import record
from portal.models import Activity, Event
from portal.tables import csv_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FORMATS = ("jsonl", "csv")
_CHUNK = 2000
_HEADINGS = (
    "line",
    "at",
    "person",
    "token",
    "token_made_by",
    "event",
    "kind",
    "subject_id",
    "subject",
    "details",
    "changes",
    "seal",
    "link",
)


class _Whole:
    """The log as the subject of a line."""

    pk, name = "", ""


def between(first: date | None, last: date | None) -> QuerySet[Activity]:
    """Return the lines from the day *first* to the day *last*, both included, in UTC; oldest first."""
    return within(Activity.objects.order_by("id"), first, last)


def export(lines: QuerySet[Activity], form: str, *, by: User | None, now: datetime) -> Iterator[str]:
    """Note that *lines* are exported, then return them in the *form* of :data:`FORMATS`, piece by piece."""
    newest = lines.order_by("-id").values_list("id", flat=True).first() or 0
    record(Event.LOG_EXPORTED, _Whole(), by=by, at=now, format=form, up_to=newest)
    chosen = lines.filter(id__lte=newest).iterator(chunk_size=_CHUNK)
    return csv_of(_HEADINGS, map(_row, chosen)) if form == "csv" else (json_of(line) + "\n" for line in chosen)


def json_of(line: Activity) -> str:
    """Return one line as JSON on one line, in ASCII."""
    return json.dumps(
        {
            "line": line.id,
            "at": _moment(line.at),
            "person": line.actor_name or None,
            "through": line.through or None,
            "event": line.event,
            "subject": {"kind": line.kind, "id": line.subject_id, "name": line.subject_name},
            "details": line.details,
            "changes": line.changes,
            "seal": line.seal,
            "link": line.link,
        }
    )


def _row(line: Activity) -> tuple[Any, ...]:
    return (
        line.id,
        _moment(line.at),
        line.actor_name,
        line.through.get("token", ""),
        line.through.get("made_by", ""),
        line.event,
        line.kind,
        line.subject_id,
        line.subject_name,
        json.dumps(line.details),
        json.dumps(line.changes),
        line.seal,
        line.link,
    )


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
