"""What the rows say of a time that somebody looks at: the points of charts, sums, and when something was called last."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import add
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, F, Func, Max, Q, QuerySet, Sum
from django.db.models.sql.compiler import SQLCompiler
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apis.models import Api
from gateway.counts import OUTCOMES, ApiCount, Span, VersionCount
from gateway.seeing.charts import Point
from gateway.seeing.latencies import quantiles

SENT = Q(ok__gt=0) | Q(redirected__gt=0) | Q(client_error__gt=0) | Q(server_error__gt=0) | Q(refused_certificate__gt=0)
CALLS = sum((F(name) for name in OUTCOMES[1:]), F(OUTCOMES[0]))
FAILED = F("no_answer") + F("refused_certificate")
_NAMED = 5  # APIs by name


_DAY = pgettext_lazy("a short date, as Django's date filter takes it", "j M")  # some 50 pixels wide on a telephone


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How far a chart looks back.

    :ivar span: of the rows that it is made from
    :ivar seconds: how long each of its columns is
    :ivar short: how times are written below it, as Django's ``date`` filter has it
    """

    name: str
    label: Promise
    span: Span
    number: int
    seconds: int
    short: str | Promise

    def begin(self, now: datetime) -> datetime:
        """Return when its first column begins; its last one is the current one."""
        current = int(now.timestamp()) // self.seconds * self.seconds
        return datetime.fromtimestamp(current - (self.number - 1) * self.seconds, tz=now.tzinfo)


WINDOWS = {
    window.name: window
    for window in (
        Window(name="1h", label=_("1 hour"), span=Span.MINUTE, number=60, seconds=60, short="H:i"),
        Window(name="24h", label=_("24 hours"), span=Span.MINUTE, number=48, seconds=1800, short="H:i"),
        Window(name="7d", label=_("7 days"), span=Span.HOUR, number=42, seconds=14400, short=_DAY),
        Window(name="30d", label=_("30 days"), span=Span.HOUR, number=60, seconds=43200, short=_DAY),
    )
}
DEFAULT_WINDOW = WINDOWS["24h"]


class _Epoch(Func):
    """Seconds since 1970 of a moment. Of 1,440 rows the moments as Django reads them would take longer than all else of a chart."""

    output_field = BigIntegerField()
    template = "CAST(EXTRACT(epoch FROM %(expressions)s) AS bigint)"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        """Say it in SQLite's words."""
        template = "CAST(strftime('%%%%s', %(expressions)s) AS integer)"  # which is formatted twice
        return self.as_sql(compiler, connection, template=template, **context)


Quantiles = tuple[float, float, float]  # p50, p95 and p99, in milliseconds


def points_of(rows: QuerySet[Any], window: Window, *, now: datetime) -> tuple[list[Point], Quantiles | None]:
    """Return the points of *window*, from *rows* of a table of :class:`gateway.counts.Counts`, and the quantiles of all of it."""
    begin = window.begin(now)
    counts = [[0] * len(OUTCOMES) for _ in range(window.number)]
    latencies: list[Counter[str]] = [Counter() for _ in range(window.number)]
    first = int(begin.timestamp())
    found = rows.filter(span=window.span, at__gte=begin).order_by().annotate(second=_Epoch("at"))
    for second, taken, *numbers in found.values_list("second", "latencies", *OUTCOMES):
        place = (second - first) // window.seconds
        if place < window.number:
            counts[place] = [*map(add, counts[place], numbers)]
            latencies[place].update(taken)
    points = [
        Point(
            at=begin + timedelta(seconds=place * window.seconds),
            counts={name: max(0, number) for name, number in zip(OUTCOMES, counts[place], strict=True)},
            quantiles=_quantiles(latencies[place]),
        )
        for place in range(window.number)
    ]
    together: Counter[str] = Counter()
    for taken in latencies:
        together.update(taken)
    return points, _quantiles(together)


def _quantiles(latencies: Counter[str]) -> Quantiles | None:
    """Return p50, p95 and p99, ``None`` where no call was answered."""
    p50, p95, p99 = quantiles(latencies, 0.5, 0.95, 0.99)
    return None if p50 is None or p95 is None or p99 is None else (p50, p95, p99)


def sums_of(rows: QuerySet[Any], window: Window, *, now: datetime) -> dict[str, int]:
    """Return how the calls of a whole *window* have ended."""
    found = rows.filter(span=window.span, at__gte=window.begin(now)).aggregate(**{name: Sum(name, default=0) for name in OUTCOMES})
    return {name: max(0, number) for name, number in found.items()}


@dataclass(frozen=True, slots=True)
class Today:
    """The calls of the last 24 hours, to the hour.

    :ivar last: when the last of them came
    :ivar busiest: the APIs that had most of them, if there are several, and how many each
    :ivar more: how many others were called
    """

    calls: int
    last: datetime | None
    busiest: list[tuple[Api, int]]
    more: int


def today_of(apis: QuerySet[Api], *, now: datetime) -> Today:
    """Return what calls *apis* have had in the last 24 hours."""
    first = Span.HOUR.begin(now) - timedelta(hours=23)
    rows = ApiCount.objects.filter(api__in=apis.order_by().values("pk"), span=Span.HOUR, at__gte=first).order_by()
    sums = list(rows.annotate(of=F("api") + 0).values("of").annotate(calls=Sum(CALLS), last=Max("last_at")).filter(calls__gt=0))
    sums.sort(key=lambda row: (-row["calls"], row["of"]))
    shown = sums[:_NAMED] if len(sums) > 1 else []
    named = Api.objects.only("name", "display_name").in_bulk([row["of"] for row in shown])
    return Today(
        calls=sum(row["calls"] for row in sums),
        last=max((row["last"] for row in sums), default=None),
        busiest=[(named[row["of"]], row["calls"]) for row in shown],
        more=len(sums) - len(shown) if shown else 0,
    )


def calls_by_hour(apis: Iterable[Api], *, now: datetime) -> dict[int, tuple[list[int], list[int]]]:
    """Return how many calls each of *apis* that was called has had in each of the last 24 hours, and how many failed, by its id."""
    first = Span.HOUR.begin(now) - timedelta(hours=23)
    found: defaultdict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([0] * 24, [0] * 24))
    rows = ApiCount.objects.filter(api__in=[api.pk for api in apis], span=Span.HOUR, at__gte=first).order_by()
    for api, at, *numbers in rows.values_list("api", "at", CALLS, FAILED):
        if (place := int((at - first).total_seconds()) // Span.HOUR) < 24:  # noqa: PLR2004 - hours
            for hours, number in zip(found[api], numbers, strict=True):
                hours[place] = max(0, number)
    return dict(found)


def last_presented(versions: Collection[UUID], *, now: datetime) -> dict[UUID, datetime]:
    """Return when each of these *versions* that was ever presented was so last."""
    days = VersionCount.objects.filter(SENT)
    since_yesterday = _last_of(days.filter(version__in=versions, span=Span.DAY, at__gte=Span.DAY.begin(now) - timedelta(days=1)))
    others = set(versions) - since_yesterday.keys()
    # By the index of versions, of which these have few rows by now, and not by that of spans, of which there is one a day for all.
    return since_yesterday | (_last_of(days.alias(days=F("span") + 0).filter(version__in=others, days=Span.DAY)) if others else {})


def _last_of(rows: QuerySet[VersionCount]) -> dict[UUID, datetime]:
    return dict(rows.order_by().values("version").annotate(last=Max("last_at")).values_list("version", "last"))


def ended_with(versions: Collection[UUID], *, now: datetime) -> dict[UUID, dict[str, int]]:
    """Return how the calls of the last 24 hours, to the hour, with each of these *versions* have ended; without what there was none of."""
    first = Span.HOUR.begin(now) - timedelta(hours=23)
    rows = VersionCount.objects.filter(version__in=versions, span=Span.HOUR, at__gte=first).order_by().values("version")
    sums = {f"sum_{name}": Sum(name) for name in OUTCOMES}
    found = rows.annotate(**sums).values_list("version", *sums)
    return {version: {name: number for name, number in zip(OUTCOMES, numbers, strict=True) if number > 0} for version, *numbers in found}
