"""What stands beside a chart says what the chart shows."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from gateway.seeing.charts import Chart, Happening, Point, chart_of, sparkline
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


def test_switches_are_labelled_where_there_is_room_the_newest_first() -> None:
    points = [Point(at=_BEGIN + timedelta(minutes=place), counts={}) for place in range(60)]
    switches = [Happening(at=_BEGIN + timedelta(minutes=minute), words="", certificate=f"{minute:04}") for minute in (50, 45, 30, 5)]
    changed = Happening(at=_BEGIN + timedelta(minutes=40), words="")
    marks = chart_of(points, seconds=60, happened=[*switches, changed]).marks
    assert [(mark.label, mark.before) for mark in marks] == [("0050", True), (None, True), ("0030", True), (None, False), (None, True)]


def test_of_changes_in_nearly_one_place_one_mark_is_drawn_and_a_switch_always() -> None:
    points = [Point(at=_BEGIN + timedelta(minutes=place), counts={}) for place in range(60)]
    seconds = [Happening(at=_BEGIN + timedelta(minutes=30, seconds=second), words="") for second in (40, 30, 2)]
    switch = Happening(at=_BEGIN + timedelta(minutes=30), words="", certificate="5785")
    assert [mark.drawn for mark in chart_of(points, seconds=60, happened=[*seconds, switch]).marks] == [True, False, True, True]


def test_a_small_line_has_a_stroke_for_each_hour_in_which_calls_failed() -> None:
    line = sparkline([0, 10, 1000], [0, 1, 500])
    assert line.all == "M0 100.00 L10 99.00 L20 0.00"
    assert line.failed == "M10 100V75.00M20 100V50.00"  # a quarter at least
    assert sparkline([4], [0]).failed == ""
