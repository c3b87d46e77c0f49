"""Where the documentation of operations is kept: with whoever shows it. It has no effect here, so no table of this room holds it. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from apis.definitions.documentation import Documentation


class Keeper(Protocol):
    """Keeps the documentation of operations, by their primary keys."""

    def keep(self, documented: Mapping[int, Documentation]) -> None:
        """Keep it in place of what was kept."""

    def of(self, operations: Iterable[int]) -> Mapping[int, Documentation]:
        """Return what is kept."""


_keepers: list[Keeper] = []


def register(keeper: Keeper) -> None:
    """Let *keeper* be the one that keeps it."""
    _keepers[:] = [keeper]


def keep(documented: Mapping[int, Documentation]) -> None:
    """Hand the documentation on, in the transaction of the import."""
    for keeper in _keepers:
        keeper.keep(documented)


def of(operations: Iterable[int]) -> Mapping[int, Documentation]:
    """Return the documentation of *operations*; those without any are missing."""
    return next((keeper.of(operations) for keeper in _keepers), {})
