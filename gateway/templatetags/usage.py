"""What other apps' pages say about how often APIs are called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.db.models import F, Sum
from django.utils import timezone

from apis.models import Api
from gateway.models import Usage

register = template.Library()

_HOURS = 24
_BUSIEST = 5
_BAR_WIDTH, _BAR_GAP, _HEIGHT = 8, 2, 48  # of the picture's own units
_LOWEST = 2  # so that one call among thousands is still seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The calls of one hour, and where they stand in the picture."""

    hour: datetime
    calls: int
    failed: int
    x: int
    height: int
    failed_height: int

    @property
    def y(self) -> int:
        """Where the bar begins, from above."""
        return _HEIGHT - self.height

    @property
    def failed_y(self) -> int:
        """Where its part of failed calls begins, from above."""
        return _HEIGHT - self.failed_height


@register.inclusion_tag("gateways/_dashboard_calls.html")
def calls_figure() -> dict[str, Any]:
    """Render how many calls all APIs together have had in the last 24 hours."""
    return Usage.objects.lately(now=timezone.now()).aggregate(calls=Sum("known_calls", default=0), failed=Sum("failed", default=0))


@register.inclusion_tag("gateways/_dashboard_busiest.html")
def busiest_apis() -> dict[str, Any]:
    """Render the APIs with the most calls in the last 24 hours."""
    # Grouped by an expression, SQLite reads the hours by their index; by the column, it would read all there are in the order of APIs.
    sums = Usage.objects.lately(now=timezone.now()).annotate(of=F("api") + 0).order_by().values("of")
    busiest = list(sums.annotate(calls=Sum("known_calls"), failed=Sum("failed")).order_by("-calls", "of")[:_BUSIEST])
    apis = Api.objects.only("name", "display_name").in_bulk([row["of"] for row in busiest])
    return {"rows": [(apis[row["of"]], row["calls"], row["failed"]) for row in busiest if row["of"] in apis]}


@register.inclusion_tag("gateways/_usage.html")
def usage_of(api: Api) -> dict[str, Any]:
    """Render how often *api* was called in each of the last 24 hours."""
    now = timezone.now()
    rows = {row.hour: row for row in Usage.objects.lately(now=now).filter(api=api)}
    bars = _bars(rows, now)
    return {
        "calls": sum(bar.calls for bar in bars),
        "failed": sum(bar.failed for bar in bars),
        "bars": bars,
        "bar_width": _BAR_WIDTH,
        "width": _HOURS * (_BAR_WIDTH + _BAR_GAP) - _BAR_GAP,
        "height": _HEIGHT,
    }


def _bars(rows: dict[datetime, Usage], now: datetime) -> list[Bar]:
    """Return a bar for each of the last hours, the current one last."""
    current = now.replace(minute=0, second=0, microsecond=0)
    most = max((row.known_calls for row in rows.values()), default=0)  # type: ignore[attr-defined]  # of lately()

    def height(number: int) -> int:
        return max(_LOWEST, round(_HEIGHT * number / most)) if number else 0

    bars = []
    for position in range(_HOURS):
        hour = current - timedelta(hours=_HOURS - 1 - position)
        row = rows.get(hour)
        calls, failed = (row.known_calls, row.failed) if row else (0, 0)  # type: ignore[attr-defined]  # of lately()
        x = position * (_BAR_WIDTH + _BAR_GAP)
        bars.append(Bar(hour=hour, calls=calls, failed=failed, x=x, height=height(calls), failed_height=height(failed)))
    return bars
