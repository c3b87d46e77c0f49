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
_LEAST_STROKE = 0.25  # the same in a sparkline
_LABEL = 0.22  # of the width: what a label takes at most
_APART = 0.01  # of the width: how far marks are from each other at least


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened meanwhile.

    :ivar certificate: the certificate that was switched to, in few characters; ``None``: it was another change
    """

    at: datetime
    words: object
    certificate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A happening in the chart.

    :ivar percent: how far from the left
    :ivar label: which certificate was switched to, where there is room beside the next label
    :ivar before: whether the label stands left of it
    :ivar drawn: not if another stands in nearly the same place
    """

    at: datetime
    words: object
    percent: str
    label: str | None
    before: bool
    drawn: bool


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


def chart_of(points: Sequence[Point], *, seconds: int, happened: Iterable[Happening] = ()) -> Chart:
    """Return the chart of *points*.

    :param seconds: how long each of them is
    :param happened: what is marked, the newest first
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


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Two small paths, 10 wide for each number and as high as a chart: a line of all, and strokes where some failed."""

    all: str
    failed: str


def sparkline(numbers: Sequence[int], failed: Sequence[int]) -> Sparkline:
    """Return what is drawn of *numbers*, and of those of them that *failed*."""
    most = max(numbers, default=0) or 1
    line = " ".join(f"{'L' if place else 'M'}{place * _WIDTH} {_above(number, most)}" for place, number in enumerate(numbers))
    strokes = (
        f"M{place * _WIDTH} {HEIGHT}V{_above(max(number, most * _LEAST_STROKE), most)}" for place, number in enumerate(failed) if number > 0
    )
    return Sparkline(line, "".join(strokes))


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


def _marks(happened: Iterable[Happening], begin: datetime, length: timedelta) -> Iterable[Mark]:
    free, drawn = math.inf, math.inf  # where the label to the right begins, and where the mark to the right stands
    for one in happened:
        if not begin <= one.at < begin + length:
            continue
        place = (one.at - begin) / length
        before = place > _LABEL
        fits = one.certificate is not None and (place if before else place + _LABEL) <= free
        if fits:
            free = place - _LABEL if before else place
        if is_drawn := fits or drawn - place >= _APART:
            drawn = place
        label = one.certificate if fits else None
        yield Mark(at=one.at, words=one.words, percent=f"{100 * place:.2f}%", label=label, before=before, drawn=is_drawn)


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
