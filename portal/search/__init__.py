"""One search over everything. The rooms that have something to find enter here how to ask them; nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MOST = 6  # shown of each group; what shows all of them is linked


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing.

    :ivar detail: what tells it apart from others of the name
    :ivar mark: the last four characters of a certificate's thumbprint
    """

    name: Any
    path: str
    detail: Any = ""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Things of one kind. Words may be lazy translations.

    :ivar found: the first :data:`MOST` of them, and one more if there are others
    :ivar all: the page that lists all of them; empty if there is none
    """

    label: Any
    icon: str
    found: Sequence[Found]
    all: str = ""

    @property
    def shown(self) -> Sequence[Found]:
        """Those to show."""
        return self.found[:MOST]

    @property
    def has_more(self) -> bool:
        """Whether there are others."""
        return len(self.found) > MOST


May = Callable[[str], bool]
Look = Callable[[str, May], Iterable[Group]]
_looks: dict[str, Look] = {}


def register(room: str, look: Look) -> None:
    """Let *look* find in a *room*: it is given the words and what the reader may see; a second one of the same room takes its place."""
    _looks[room] = look


def looks() -> list[Look]:
    """Return how to ask each room."""
    return list(_looks.values())
