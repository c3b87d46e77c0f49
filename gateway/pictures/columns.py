"""The columns of a chart of calls, and the rows of the table beside it.

For a hundred of each, of ten parts, a template takes several times as long, and so does Django's own joining of what needs no escaping.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from html import escape

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from gateway.seeing.charts import Chart, Column
from portal.templatetags.portal import exact

Numbers = Callable[[int], str]  # writes one as its reader does
Kinds = Sequence[tuple[str, str | Promise]]  # the fields of gateway.counts.Counts, and what they are called


def columns(chart: Chart, kinds: Kinds) -> SafeString:
    """Return the columns as SVG; each tells its figures, and leads to its row of the table."""
    words = [(kind, str(said)) for kind, said in kinds]
    number = cache(intcomma)
    newest = _newest(chart)
    drawn = (_column(column, chart, _title(column, words, number), is_stop=column is newest) for column in chart.columns)
    return format_html_join("", "{}", ((one,) for one in drawn))


def read_out(chart: Chart, kinds: Kinds) -> str:
    """Return what the newest column with calls tells, in a line: what stands below a chart until another one is pointed at."""
    newest = _newest(chart)
    return " · ".join(_title(newest, [(kind, str(said)) for kind, said in kinds], intcomma).splitlines()) if newest else ""


def rows(shown: Iterable[Column], kinds: Kinds) -> SafeString:
    """Return the rows of the table, a cell for each of *kinds* and one for each quantile."""
    number, milliseconds = cache(intcomma), gettext("%(milliseconds)s ms")
    return format_html_join("", "{}", ((_row(column, kinds, number, milliseconds),) for column in shown))


def _newest(chart: Chart) -> Column | None:
    return next((column for column in reversed(chart.columns) if column.point.calls), None)


def _column(column: Column, chart: Chart, title: str, *, is_stop: bool) -> SafeString:
    parts = "".join(_part(part.kind, column, chart, y=part.y, height=part.height) for part in column.parts)
    drawn = f"<title>{escape(title)}</title>{_part('ground', column, chart, y=0, height=chart.height)}{parts}"
    if column.point.calls:
        beside = "" if is_stop else ' tabindex="-1"'  # a chart is one stop of the Tab key; arrows go on from there
        drawn = f'<a href="#{_anchor(column)}"{beside}>{drawn}</a>'
    return mark_safe(f"<g>{drawn}</g>")  # noqa: S308 - numbers, names of ours and a title without markup


def _part(kind: str, column: Column, chart: Chart, *, y: str | int, height: str | int) -> str:
    return f'<rect class="{kind}" x="{column.x}" y="{y}" width="{chart.bar}" height="{height}"/>'


def _title(column: Column, words: Sequence[tuple[str, str]], number: Numbers) -> str:
    counts = column.point.counts
    figures = [f"{said}: {number(counts[kind])}" for kind, said in words if counts[kind]]
    return "\n".join([f"{column.point.at:%Y-%m-%d %H:%M} UTC", *figures])


def _row(column: Column, kinds: Kinds, number: Numbers, milliseconds: str) -> SafeString:
    cells = [number(column.point.counts[kind]) for kind, _said in kinds]
    quantiles = [milliseconds % {"milliseconds": number(math.ceil(value))} for value in column.point.quantiles or ()]
    numbers = "".join(f'<td class="number">{escape(cell)}</td>' for cell in (*cells, *(quantiles or ("", "", ""))))
    row = f'<tr id="{_anchor(column)}"><th scope="row">{exact(column.point.at)}</th>{numbers}</tr>'
    return mark_safe(row)  # noqa: S308 - what is not ours is escaped


def _anchor(column: Column) -> str:
    return f"at-{int(column.point.at.timestamp())}"
