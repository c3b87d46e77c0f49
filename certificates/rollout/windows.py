"""Times within which versions may be switched to: days of the week and hours, in a time zone. [pure]"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some hours on some days.

    :ivar days: on which it opens, 0 for Monday; none: on every day
    :ivar opens: when, by the clocks of *zone*
    :ivar closes: when; not later than *opens*: on the next day
    """

    days: Collection[int]
    opens: time
    closes: time
    zone: str

    def contains(self, now: datetime) -> bool:
        """Return whether it is open at *now*."""
        return self.opened_at(now) is not None

    def opened_at(self, now: datetime) -> datetime | None:
        """Return when it has opened, ``None`` if it is closed at *now*."""
        local = now.astimezone(ZoneInfo(self.zone))
        at = local.time()
        overnight = self.opens >= self.closes
        if self._opens_on(local.weekday()) and self.opens <= at and (overnight or at < self.closes):
            return self._opening_of(local)
        yesterday = local - timedelta(days=1)
        if overnight and self._opens_on(yesterday.weekday()) and at < self.closes:
            return self._opening_of(yesterday)
        return None

    def _opening_of(self, day: datetime) -> datetime:
        return datetime.combine(day.date(), self.opens, tzinfo=day.tzinfo)

    def _opens_on(self, day: int) -> bool:
        return not self.days or day in self.days
