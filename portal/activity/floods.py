"""What anybody can cause, told without letting anybody flood the log: so many lines an hour, and then one that counts the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Sum

from portal.activity.writing import Subject, record, wait_for_other_writers
from portal.models import Event, Flood

if TYPE_CHECKING:
    from django.contrib.auth.models import User

HOUR = timedelta(hours=1)
LINES_OF_A_SOURCE = 10  # an hour: as many as fail before an address is closed
LINES_OF_ALL = 100
ALL = ""  # the source that all are


@dataclass(frozen=True, slots=True)
class _Summed:
    """The event that was summed up."""

    pk: str
    name: str


def record_bounded(event: Event, subject: Subject, /, *, source: str, by: User | None, at: datetime, **details: Any) -> None:
    """Write one line, unless *source* (an address, a person) or all together had their share within the hour; then count it.

    :param source: who or what causes it
    """
    with transaction.atomic():
        wait_for_other_writers()
        tell_sums(at)
        if _has_a_share(event, source[:200], LINES_OF_A_SOURCE, at) and _has_a_share(event, ALL, LINES_OF_ALL, at):
            record(event, subject, by=by, at=at, **details)


def tell_sums(now: datetime) -> None:
    """Of each event whose hour is over write how many lines were not written, and begin anew."""
    over = Flood.objects.filter(source=ALL, since__lte=now - HOUR)
    if not over.exists():
        return
    with transaction.atomic():
        wait_for_other_writers()
        for event, since in over.order_by("event").values_list("event", "since"):
            of_all = Flood.objects.filter(event=event)
            if number := of_all.aggregate(number=Sum("untold"))["number"]:
                record(Event.LOG_SUMMED, _Summed(event, event), by=None, at=now, number=number, since=since.isoformat(timespec="minutes"))
            of_all.delete()


def _has_a_share(event: Event, source: str, most: int, at: datetime) -> bool:
    """Take one of the lines that *source* has; count where it has none left."""
    flood, _ = Flood.objects.get_or_create(event=event, source=source, defaults={"since": at})
    share = flood.told < most
    flood.told, flood.untold = (flood.told + 1, flood.untold) if share else (flood.told, flood.untold + 1)
    flood.save(update_fields=["told", "untold"])
    return share
