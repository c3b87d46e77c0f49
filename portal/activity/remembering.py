"""What follows from rows that people and the portal change, each change with its line in the log: read once for each state of the log.

Every process remembers for itself; a change by any of them makes all of them read again. What changes without a line is not for this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from portal.models import Activity

T = TypeVar("T")


class Remembered(Generic[T]):
    """An answer that holds as long as nothing is written to the log."""

    def __init__(self, read: Callable[[], T]) -> None:
        """Have the answer worked out by *read*, which begins nothing and changes nothing."""
        self._read = read
        self._kept: tuple[object, T] | None = None

    def __call__(self) -> T:
        """Return the answer, as new as the log is."""
        newest = _newest()  # before the rows: what is written meanwhile makes the next one read again
        if self._kept is None or self._kept[0] != newest:
            self._kept = newest, self._read()
        return self._kept[1]

    def forget(self) -> None:
        """Read next time, whatever the log says: for rows that were changed without it, as in another database."""
        self._kept = None


def _newest() -> str | None:
    """Return the link of the newest line, which no other state of any log has: it comes out of all lines before it, too."""
    return Activity.objects.order_by("-id").values_list("link", flat=True).first()
