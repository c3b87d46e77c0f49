"""Where the parts of a chart stand: columns stacked from the axis, what is wrong first; lines of latencies; marks. [pure]

Only areas are stretched; words stand in the page. Numbers are text here, because a page writes them as its reader's language does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

STACK = ("no_answer", "refused_certificate", "server_error", "client_error", "gateway", "redirected", "ok")  # from the axis up, always so
HEIGHT = 100
_WIDTH, _GAP = 10, 2  # of a column, and between two
_TIMES = 6
_RULES = (4, 2, 1)  # into how many equal steps a scale is divided: the most that are whole numbers
_LEAST = 1.5  # so that one call among thousands is still seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What was counted in one column's time.

    :ivar counts: by the fields of :class:`gateway.counts.Counts`
    :ivar quantiles: in milliseconds: p50, p95, p99; ``None``: no call was answered
    """

    at: datetime
    counts: Mapping[str, int]
    quantiles: tuple[float, float, float] | None = None

    @property
    def calls(self) -> int:
        """How many there were."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of a column."""

    kind: str
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the chart."""

    point: Point
    x: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened meanwhile."""

    at: datetime
    words: object
    percent: str  # from the left


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart, ready to be drawn.

    :ivar scale: the numbers beside the axis, the highest first
    :ivar times: when each sixth of the columns begins: a time stands under the first of them
    :ivar lines: of latencies, by name: the path of each
    """

    columns: tuple[Column, ...]
    width: int
    scale: tuple[int, ...]
    times: tuple[datetime, ...]
    lines: Mapping[str, str]
    milliseconds: tuple[int, ...]
    marks: tuple[Mark, ...] = ()
    height: int = HEIGHT
    bar: int = _WIDTH - _GAP


def chart_of(points: Sequence[Point], *, seconds: int, happened: Iterable[tuple[datetime, object]] = ()) -> Chart:
    """Return the chart of *points*.

    :param seconds: how long each of them is
    :param happened: what is marked: when, and in which words
    """
    most = _round_above(max((point.calls for point in points), default=0))
    slowest = _round_above(max((math.ceil(point.quantiles[-1]) for point in points if point.quantiles), default=0))
    width = len(points) * _WIDTH
    return Chart(
        columns=tuple(Column(point, place * _WIDTH + _GAP // 2, tuple(_parts(point, most))) for place, point in enumerate(points)),
        width=width,
        scale=_scale(most),
        times=tuple(point.at for point in points[:: len(points) // _TIMES]),
        lines={name: _line([point.quantiles and point.quantiles[place] for point in points], slowest) for place, name in enumerate(_LINES)},
        milliseconds=_scale(slowest),
        marks=tuple(_marks(happened, points[0].at, timedelta(seconds=seconds * len(points)))),
    )


_LINES = ("p50", "p95", "p99")


def sparkline(numbers: Sequence[int]) -> str:
    """Return the path of a small line of *numbers*, 10 wide each and as high as a chart."""
    most = max(numbers, default=0) or 1
    return " ".join(f"{'L' if place else 'M'}{place * _WIDTH} {_above(number, most)}" for place, number in enumerate(numbers))


def _parts(point: Point, most: int) -> Iterable[Part]:
    top = float(HEIGHT)
    for kind in STACK:
        if (number := point.counts.get(kind, 0)) > 0:
            height = max(HEIGHT * number / most, _LEAST)
            top -= height
            yield Part(kind, f"{max(top, 0):.2f}", f"{height:.2f}")


def _line(values: Sequence[float | None], most: int) -> str:
    path, pen_is_down = [], False
    for place, value in enumerate(values):
        if value is not None:
            left, right = place * _WIDTH + _GAP // 2, (place + 1) * _WIDTH - _GAP // 2
            path.append(f"{'L' if pen_is_down else 'M'}{left} {_above(value, most)}L{right} {_above(value, most)}")
        pen_is_down = value is not None
    return "".join(path)


def _marks(happened: Iterable[tuple[datetime, object]], begin: datetime, length: timedelta) -> Iterable[Mark]:
    for at, words in happened:
        if begin <= at < begin + length:
            yield Mark(at, words, f"{100 * ((at - begin) / length):.2f}%")


def _above(value: float, most: int) -> str:
    return f"{HEIGHT - HEIGHT * value / most:.2f}"


def _scale(most: int) -> tuple[int, ...]:
    rules = next(number for number in _RULES if most % number == 0)
    return tuple(most * (rules - place) // rules for place in range(rules + 1))


def _round_above(number: int) -> int:
    """Return the next number that is easily read: 4, 8, 20, 40 and so on."""
    ten = 1
    while True:
        for step in (1, 2, 4, 8):
            if step * ten >= max(number, 1):
                return step * ten
        ten *= 10
