"""Curves from one thing to many that stand below each other. [pure]

A drawing is 100 wide and one high for each row; the page stretches it to the height of what stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

_BEND = 55  # of the width: where a curve turns most


def curves(rows: Sequence[int]) -> Iterator[str]:
    """Yield the path, as SVG has it, from the middle of the left side to the middle of each thing on the right.

    :param rows: how many rows each of them takes, from above
    """
    begin = sum(rows) / 2
    for rows_of_it, below in zip(rows, accumulate(rows), strict=True):
        end = below - rows_of_it / 2
        yield f"M0 {begin:g}C{_BEND} {begin:g} {100 - _BEND} {end:g} 100 {end:g}"
