"""The columns of a chart of calls, and the rows of the table beside it. For a hundred of each a template takes several times as long."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from gateway.seeing.charts import Chart, Column
from portal.templatetags.portal import exact

Numbers = Callable[[int], str]  # writes one as its reader does
Kinds = Sequence[tuple[str, str | Promise]]  # the fields of gateway.counts.Counts, and what they are called


def columns(chart: Chart, kinds: Kinds) -> SafeString:
    """Return the columns as SVG; each tells its figures, and leads to its row of the table."""
    words = [(kind, str(said)) for kind, said in kinds]
    number = cache(intcomma)
    return format_html_join("", "{}", ((_column(column, chart, _title(column, words, number)),) for column in chart.columns))


def rows(shown: Iterable[Column], kinds: Kinds) -> SafeString:
    """Return the rows of the table, a cell for each of *kinds* and one for each quantile."""
    number, milliseconds = cache(intcomma), gettext("%(milliseconds)s ms")
    return format_html_join("", "{}", ((_row(column, kinds, number, milliseconds),) for column in shown))


def _column(column: Column, chart: Chart, title: str) -> SafeString:
    parts = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
        ((part.kind, column.x, part.y, chart.bar, part.height) for part in column.parts),
    )
    drawn = format_html(
        '<title>{}</title><rect class="ground" x="{}" y="0" width="{}" height="{}"/>{}', title, column.x, chart.bar, chart.height, parts
    )
    if not column.point.calls:
        return format_html("<g>{}</g>", drawn)
    return format_html('<g><a href="#{}" tabindex="-1">{}</a></g>', _anchor(column), drawn)  # the keyboard has the table


def _title(column: Column, words: Sequence[tuple[str, str]], number: Numbers) -> str:
    counts = column.point.counts
    figures = [f"{said}: {number(counts[kind])}" for kind, said in words if counts[kind]]
    return "\n".join([f"{column.point.at:%Y-%m-%d %H:%M} UTC", *figures])


def _row(column: Column, kinds: Kinds, number: Numbers, milliseconds: str) -> SafeString:
    cells = [number(column.point.counts[kind]) for kind, _said in kinds]
    quantiles = [milliseconds % {"milliseconds": number(math.ceil(value))} for value in column.point.quantiles or ()]
    return format_html(
        '<tr id="{}"><th scope="row">{}</th>{}</tr>',
        _anchor(column),
        exact(column.point.at),
        format_html_join("", '<td class="number">{}</td>', ((cell,) for cell in (*cells, *(quantiles or ("", "", ""))))),
    )


def _anchor(column: Column) -> str:
    return f"at-{int(column.point.at.timestamp())}"
