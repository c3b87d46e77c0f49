"""Chips of a list that apps above its own enter, for they know what it does not: for instance on which gateway something is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from portal.listing import Chip

Maker = Callable[[str], Sequence[Chip]]
_makers: dict[str, Maker] = {}


def enter(of: str, maker: Maker) -> None:
    """Let *maker* give further chips of the list that is called *of*, each time anew; it is told which chip the address asks for."""
    _makers[of] = maker


def entered(of: str, shown: str) -> tuple[Chip, ...]:
    """Return the further chips of the list that is called *of*.

    :param shown: what ``show`` of the address holds: that chip is there even while nothing is in it
    """
    return tuple(_makers[of](shown)) if of in _makers else ()
