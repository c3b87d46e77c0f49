"""Quantiles of latencies: from how many calls fell into which of Envoy's buckets. [pure]

Buckets are those of circllhist, which Envoy counts with: two significant digits, so that one is a tenth of its power of ten wide. Counts
of several minutes or gateways add up bucket by bucket, exactly; a quantile is no further from the truth than the bucket is wide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Buckets = Sequence[tuple[float, int]]


def quantiles(latencies: Mapping[str, int], *shares: float) -> list[float | None]:
    """Return below how many milliseconds each of these *shares* of the calls has ended, ``None`` if there were none.

    Envoy counts whole milliseconds, begun ones left out: 0 is less than one. Within a bucket, calls are taken to be spread evenly.

    :param latencies: how many calls, by the lower bound of their bucket
    """
    ordered = sorted((float(bound), number) for bound, number in latencies.items() if number > 0)
    all_calls = sum(number for _, number in ordered)
    return [_quantile(ordered, share * all_calls) for share in shares]


def _quantile(ordered: Buckets, wanted: float) -> float | None:
    for bound, number in ordered:
        if wanted <= number:
            return bound + _width(bound) * wanted / number
        wanted -= number
    return None


def _width(bound: float) -> float:
    """Return how wide the bucket is in which calls of *bound* milliseconds fall; below 100 it holds a single number."""
    return 1.0 if bound < 100 else 10.0 ** (math.floor(math.log10(bound)) - 1)  # noqa: PLR2004 - two digits
