"""Refusals that no test provokes are found."""

from __future__ import annotations

import textwrap

from tests.uncovered import refusals

SOURCE = textwrap.dedent("""\
    def take(value):
        if value < 0:
            raise ValueError("Negative.")
        try:
            return 1 / value
        except ZeroDivisionError as error:
            raise ValueError(
                "Nothing."
            ) from error
        except OverflowError:
            raise
    """)


def test_lines_that_raise_are_refusals_where_no_test_comes_by() -> None:
    assert refusals(SOURCE, {2, 3, 5, 7, 8, 11}) == [3, 7]
    assert refusals(SOURCE, {2, 5, 11}) == []
