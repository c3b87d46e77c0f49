"""Whether refusals have risen after a switch. [pure]"""

from __future__ import annotations

import math
from dataclasses import dataclass

_AT_LEAST = 3  # refused calls: one or two may be a back end that was just being restarted
_MORE_BY = 0.05  # of the calls
_SIGMAS = 3  # beyond what chance makes of the share before


@dataclass(frozen=True, slots=True)
class Calls:
    """How many calls there were, and of how many the back end refused the certificate."""

    number: int = 0
    refused: int = 0

    @property
    def share(self) -> float:
        """The refused ones' share, 0 to 1; of no calls 0."""
        return self.refused / self.number if self.number > 0 else 0.0


def has_risen(before: Calls, now: Calls) -> bool:
    """Return whether more calls are refused *now* than *before*, by more than chance explains.

    With three in ten refused before, three of the first ten are no rise; where none was, three of sixty are.
    """
    if now.refused < _AT_LEAST or now.share < before.share + _MORE_BY:
        return False
    expected = before.share * now.number
    return now.refused >= expected + _SIGMAS * math.sqrt(expected * (1 - before.share))
