"""Which secret is there, for comparing: told by its row, without opening it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from certificates.sealing import Secret


class Mark(str):
    """Stands for a secret. Another secret has another mark."""

    __slots__ = ()


class Marking:
    """The keeper that leaves marks."""

    def keep(self, place: str, mark: object, read: Callable[[], Secret | None]) -> Mark | None:  # noqa: ARG002 - the protocol's
        """Return the mark."""
        return Mark(mark) if mark else None


def without_marks(value: Any) -> Any:
    """Return *value* without them."""
    if isinstance(value, dict):
        return {name: without_marks(one) for name, one in value.items() if not isinstance(one, Mark)}
    return [without_marks(one) for one in value] if isinstance(value, list) else value
