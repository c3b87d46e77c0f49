"""What stands beside a chart says what the chart shows."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from gateway.seeing.charts import Chart, Point, chart_of
from gateway.seeing.figures import WINDOWS

_BEGIN = datetime(2026, 11, 26, tzinfo=UTC)


def chart(*calls: int, seconds: int = 60, quantiles: tuple[float, float, float] | None = None) -> Chart:
    points = [
        Point(at=_BEGIN + timedelta(seconds=place * seconds), counts={"ok": calls[place]}, quantiles=quantiles)
        for place in range(len(calls))
    ]
    return chart_of(points, seconds=seconds)


@pytest.mark.parametrize("most", [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 20, 99, 100, 101, 4_321, 1_000_000, 987_654_321])
def test_the_numbers_of_a_scale_are_as_far_from_each_other_as_they_stand(most: int) -> None:
    scale = chart(*[most] * 6).scale
    steps = {above - below for above, below in itertools.pairwise(scale)}
    assert len(steps) == 1
    assert scale[0] >= most
    assert scale[-1] == 0


@pytest.mark.parametrize("name", sorted(WINDOWS))
def test_the_times_of_a_chart_divide_it_into_equal_parts(name: str) -> None:
    window = WINDOWS[name]
    times = chart(*[1] * window.number, seconds=window.seconds).times
    length = timedelta(seconds=window.seconds * window.number)
    assert list(times) == [_BEGIN + length * place / len(times) for place in range(len(times))]


def test_a_single_column_has_latencies_as_wide_as_itself() -> None:
    lines = chart(1, 1, 1, 1, 1, 1, quantiles=(1, 2, 4)).lines
    assert lines["p99"].startswith("M1 0.00L9 0.00L11 0.00")
