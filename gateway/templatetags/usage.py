"""What other apps' pages say about how often APIs are called, and how calls end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import template
from django.db.models import Q, QuerySet
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apis.listing import LAST_FOUR
from apis.models import Api
from certificates.models import CertificateVersion
from gateway.counts import ApiCount, Span, TotalCount
from gateway.pictures.columns import columns, read_out
from gateway.pictures.columns import rows as rows_of
from gateway.seeing.charts import STACK, Chart, Happening, Sparkline, chart_of, sparkline
from gateway.seeing.figures import (
    DEFAULT_WINDOW,
    WINDOWS,
    Today,
    Window,
    calls_by_hour,
    ended_with,
    last_presented,
    points_of,
    sums_of,
    today_of,
)
from gateway.seeing.last_day import LastDay, Ranked
from gateway.seeing.last_day import last_day as last_day_of
from portal.models import Activity
from portal.sentences import tell

register = template.Library()

_BUSIEST = 5
_MOST_MARKS, _LOOKED_THROUGH = 20, 200
_LABEL = 16  # characters of a certificate's name beside its mark
WORDS: dict[str, str | Promise] = {
    "ok": _("Answered (2xx)"),
    "redirected": _("Redirected (3xx)"),
    "gateway": _("Refused by the gateway"),
    "client_error": _("Back end: not like this (4xx)"),
    "server_error": _("Back end: error (5xx)"),
    "refused_certificate": _("Certificate refused"),
    "no_answer": pgettext_lazy("calls", "No answer"),
}


@register.inclusion_tag("gateways/_dashboard_calls.html")
def calls_figure() -> dict[str, Any]:
    """Render how many calls all APIs together have had in the last 24 hours."""
    sums = sums_of(TotalCount.objects.all(), DEFAULT_WINDOW, now=timezone.now())
    return {"calls": sum(sums.values()), "failed": sums["no_answer"] + sums["refused_certificate"]}


@register.simple_tag
def last_day() -> LastDay:
    """Return the APIs with the most calls in the last 24 hours, and with the most failed ones."""
    return last_day_of(_BUSIEST, now=timezone.now())


@register.inclusion_tag("gateways/_dashboard_busiest.html")
def busiest_apis(day: LastDay) -> dict[str, Any]:
    """Render the APIs with the most calls of a *day*."""
    return _ranked(day.busiest)


@register.inclusion_tag("gateways/_dashboard_failing.html")
def failing_apis(day: LastDay) -> dict[str, Any]:
    """Render the APIs with the most failed calls of a *day*."""
    return _ranked(day.failing)


def _ranked(rows: Ranked) -> dict[str, Any]:
    return {"rows": [(api, calls, failed, 100 * failed / calls) for api, calls, failed in rows if calls > 0]}


@register.inclusion_tag("gateways/_usage.html", takes_context=True)
def usage_of(context: RequestContext, api: Api) -> dict[str, Any]:
    """Render how the calls of *api* have ended, how long they took, and what was changed meanwhile."""
    window = _window(context)
    now = timezone.now()
    happened = _changes_of(api, window.begin(now)) if context["user"].has_perm("portal.view_activity") else ()
    return _usage(ApiCount.objects.filter(api=api), window, now=now, happened=happened)


@register.inclusion_tag("gateways/_usage.html", takes_context=True)
def all_usage(context: RequestContext) -> dict[str, Any]:
    """Render how all calls have ended, and how long they took."""
    return _usage(TotalCount.objects.all(), _window(context), now=timezone.now())


@register.simple_tag
def calls_today(apis: QuerySet[Api]) -> Today:
    """Return how many calls *apis* have had in the last 24 hours, and when the last of them came."""
    return today_of(apis, now=timezone.now())


@register.simple_tag
def has_been_called() -> bool:
    """Return whether a back end has ever answered a call as asked, as far back as counts are kept."""
    return TotalCount.objects.filter(span=Span.DAY, ok__gt=0).exists()


@register.simple_tag
def sparklines(apis: Iterable[Api]) -> dict[int, Sparkline]:
    """Return the lines of the last 24 hours of those *apis* that were called, by id."""
    return {pk: sparkline(*numbers) for pk, numbers in calls_by_hour(apis, now=timezone.now()).items() if any(numbers[0])}


@register.simple_tag
def lines_of(rows: Iterable[tuple[Api, int, int, float]]) -> dict[int, Sparkline]:
    """Return :func:`sparklines` of the APIs of ranked *rows*."""
    return sparklines([api for api, *_ in rows])


@register.simple_tag
def presented_last(versions: Iterable[CertificateVersion]) -> dict[UUID, datetime]:
    """Return when each of *versions* was presented last."""
    return last_presented([version.pk for version in versions], now=timezone.now())


@register.simple_tag
def calls_of_versions(versions: Iterable[CertificateVersion]) -> dict[UUID, dict[str, int]]:
    """Return how the calls of the last 24 hours with each of *versions* have ended."""
    return ended_with([version.pk for version in versions], now=timezone.now())


@register.inclusion_tag("gateways/_how_calls_ended.html")
def how_calls_ended(sums: dict[str, int] | None) -> dict[str, Any]:
    """Render how so many calls have ended: of each kind how many."""
    return {"endings": [(WORDS[kind], number) for kind, number in (sums or {}).items()]}


@register.filter
def at(found: dict[Any, Any], key: Any) -> Any:
    """Return what was found of *key*; ``None``: nothing."""
    return found.get(key)


@register.filter
def rounded_up(number: float) -> int:
    """Return the whole number that *number* is not above."""
    return math.ceil(number)


def _window(context: RequestContext) -> Window:
    return WINDOWS.get(context["request"].GET.get("span", ""), DEFAULT_WINDOW)


def _usage(rows: Any, window: Window, *, now: datetime, happened: Sequence[Happening] = ()) -> dict[str, Any]:
    points, quantiles = points_of(rows, window, now=now)
    sums = {kind: sum(point.counts[kind] for point in points) for kind in STACK}
    chart: Chart = chart_of(points, seconds=window.seconds, happened=happened)
    kinds = [(kind, WORDS[kind]) for kind in reversed(STACK) if sums[kind]]
    called = [column for column in reversed(chart.columns) if column.point.calls]  # the newest first
    return {
        "chart": chart,
        "columns": columns(chart, kinds),
        "read_out": read_out(chart, kinds),
        "rows": rows_of(called, kinds),
        "calls": sum(sums.values()),
        "sums": [(kind, words, sums[kind]) for kind, words in kinds],
        "quantiles": quantiles,
        "window": window,
        "windows": WINDOWS.values(),
    }


def _changes_of(api: Api, since: datetime) -> list[Happening]:
    """Return what was changed of *api* and of the certificate that it presents, and when: switches before all else, if there is much."""
    about = Q(kind="api", subject_id=str(api.pk))
    if api.certificate_id:
        about |= Q(kind="certificate", subject_id=str(api.certificate_id))
    lines = Activity.objects.filter(about, at__gte=since).order_by("-id")[:_LOOKED_THROUGH]
    marked = sorted(lines, key=lambda line: (_switched_to(line) is None, -line.pk))[:_MOST_MARKS]
    newest_first = sorted(marked, key=lambda line: -line.pk)
    return [Happening(at=told.line.at, words=told, certificate=_switched_to(told.line)) for told in tell(newest_first)]


def _switched_to(line: Activity) -> str | None:
    """Return the certificate that *line* tells was switched to: a version's last four, or a name; ``None``: it tells of something else."""
    version, entry = (line.changes.get(name, (None, None))[1] for name in ("thumbprint", "certificate"))
    return version[-LAST_FOUR:] if version else Truncator(entry).chars(_LABEL) if entry else None
