"""Whether refusals have risen after a switch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.rollout.rise import Calls, has_risen

_NONE = Calls()


@pytest.mark.parametrize(
    ("before", "now", "risen"),
    [
        (_NONE, _NONE, False),
        (_NONE, Calls(3, 3), True),
        (_NONE, Calls(2, 2), False),
        (Calls(1000, 0), Calls(4, 3), True),
        (Calls(1000, 0), Calls(60, 3), True),
        (Calls(1000, 0), Calls(1000, 3), False),
        (Calls(1000, 0), Calls(1000, 100), True),
        (Calls(10, 10), Calls(50, 50), False),
        (Calls(100, 30), Calls(10, 3), False),
        (Calls(100, 30), Calls(10, 10), True),
        (Calls(1000, 500), Calls(20, 12), False),
        (Calls(1000, 500), Calls(2000, 1200), True),
        (Calls(0, 0), Calls(-1, 0), False),
    ],
)
def test_refusals_have_risen_where_chance_does_not_explain_them(before: Calls, now: Calls, risen: bool) -> None:
    assert has_risen(before, now) is risen


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_what_is_refused_as_often_as_before_has_not_risen(number: int, refused: int) -> None:
    calls = Calls(number, min(number, refused))
    assert not has_risen(calls, calls)
