"""Where the marks of a timeline stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.timeline.drawing import Happening, Mark, What, last_day, strip_of

TODAY = date(2026, 11, 27)  # a Friday


def _happening(day: date, *, what: What = What.EXPIRES, used: int = 1, name: str = "orders") -> Happening:
    return Happening(what=what, day=day, last=day, entries=1, used=used, name=name, kind="client")


def _marks(*happenings: Happening, today: date = TODAY) -> tuple[Mark, ...]:
    return strip_of(happenings, today=today).marks


def _places(marks: Iterable[Mark]) -> list[float]:
    return [float(mark.x.removesuffix("%")) for mark in marks]


@pytest.mark.parametrize(
    ("day", "form"),
    [
        (date(2026, 11, 26), "expired"),
        (date(2026, 11, 27), "soon"),
        (date(2026, 12, 27), "soon"),
        (date(2026, 12, 28), "later"),
        (date(2027, 11, 27), "later"),
    ],
)
def test_the_form_says_how_urgent_it_is(day: date, form: str) -> None:
    (mark,) = _marks(_happening(day))
    assert mark.form == form


def test_switches_and_renewals_have_forms_of_their_own() -> None:
    day = TODAY + timedelta(days=3)
    marks = _marks(_happening(day, what=What.SWITCH), _happening(day, what=What.RENEWAL))
    assert {mark.form for mark in marks} == {"switch", "renewal"}


def test_what_is_used_more_is_larger_up_to_a_limit() -> None:
    sizes = [float(_marks(_happening(TODAY, used=used))[0].size) for used in (0, 1, 9, 5000)]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] <= 9


def test_two_in_a_week_stand_apart_and_more_are_one() -> None:
    monday = date(2027, 4, 5)
    two = [_happening(monday), _happening(monday + timedelta(days=4))]
    assert len(_marks(*two)) == 2
    (mark,) = _marks(*two, _happening(monday + timedelta(days=6), used=5))
    found = mark.happening
    assert (found.entries, found.used, found.day, found.last, found.name) == (3, 7, monday, monday + timedelta(days=6), "")
    assert len(_marks(*two, _happening(monday + timedelta(days=7)))) == 3, "of the week after"
    assert len(_marks(*two, _happening(monday, what=What.SWITCH))) == 3, "of another kind"


def test_marks_that_would_cover_each_other_stand_in_two_rows() -> None:
    low, high = _marks(_happening(date(2027, 4, 5)), _happening(date(2027, 4, 6)))
    assert low.y > high.y


def test_months_are_those_that_begin_in_the_time() -> None:
    strip = strip_of([], today=TODAY)
    assert [month.first for month in strip.months] == [date(2026, 12, 1), *(date(2027, month, 1) for month in range(1, 12))]
    assert last_day(TODAY) == date(2027, 11, 27)
    assert last_day(date(2028, 2, 29)) == date(2029, 2, 28)


@given(st.lists(st.integers(-400, 500), max_size=400), st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_no_mark_is_lost_or_outside_and_there_are_never_more_than_a_hundred_to_come(days: list[int], today: date) -> None:
    happenings = [_happening(today + timedelta(days=one)) for one in days]
    marks = _marks(*happenings, today=today)
    drawn = [one for one in happenings if one.day <= last_day(today)]
    assert sum(mark.happening.entries for mark in marks) == len(drawn)
    assert all(0 <= place <= 95 for place in _places(marks))
    assert len([mark for mark in marks if mark.form != "expired"]) <= 2 * 54
