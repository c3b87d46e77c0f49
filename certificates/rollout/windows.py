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
        local = now.astimezone(ZoneInfo(self.zone))
        at = local.time()
        if self.opens < self.closes:
            return self._opens_on(local.weekday()) and self.opens <= at < self.closes
        return (self._opens_on(local.weekday()) and at >= self.opens) or (
            self._opens_on((local - timedelta(days=1)).weekday()) and at < self.closes
        )

    def _opens_on(self, day: int) -> bool:
        return not self.days or day in self.days
