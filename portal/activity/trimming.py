"""Taking old lines away, so that what is left can still be verified: that it was done is a line, with the link of the last one taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from portal.activity.feed import tells_why_empty
from portal.activity.guards import TABLE
from portal.activity.writing import record, wait_for_other_writers
from portal.models import Activity, ActivityForwarding, ActivityName, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Trimmed:
    """Up to which line, and before when. The triggers and the check of the chain read the number."""

    pk: int
    name: str


@transaction.atomic
def trim(*, before: datetime, by: User | None, now: datetime) -> int:
    """Delete the lines up to the first that was written at *before* or later; return how many. Lines that wait to be forwarded stay."""
    wait_for_other_writers()
    going = Activity.objects.all()
    if kept := Activity.objects.filter(at__gte=before).order_by("id").values_list("id", flat=True).first():
        going = going.filter(id__lt=kept)
    if settings.ACTIVITY_FORWARD:
        going = going.filter(id__lte=ActivityForwarding.objects.values_list("line", flat=True).first() or 0)
    last = going.order_by("-id").first()
    if last is None:
        return 0
    number = going.count()
    record(
        Event.LOG_TRIMMED,
        _Trimmed(last.id, f"{before:%Y-%m-%d}"),
        by=by,
        at=now,
        lines=number,
        link=last.link,
        before=before.isoformat(),
        may_be_empty=tells_why_empty(going),  # of the gateways: the reason outlives its line
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE id <= %s", [last.id])  # noqa: S608 - a constant
    left = Activity.objects.filter(subject_name=OuterRef("name"), kind=OuterRef("kind"))
    ActivityName.objects.filter(~Exists(left)).delete()
    return number


def trim_by_age(*, now: datetime) -> int:
    """Delete the lines that are older than ``PORTAL_ACTIVITY_KEEP_DAYS``, about once a day; return how many."""
    if (days := settings.ACTIVITY_KEEP_DAYS) <= 0:
        return 0
    before = now - timedelta(days=days)
    if not Activity.objects.filter(at__lt=before - _DAY).exists():
        return 0
    return trim(before=before, by=None, now=now)
