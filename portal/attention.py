"""What somebody should look at now: the first thing on the dashboard. [pure]

The rooms that know enter here how to ask them; nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any


class Level(IntEnum):
    """How bad it is; the worst first."""

    BAD = 0  # calls fail, or will not be what somebody believes
    WARN = 1  # nothing has happened yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What a concern is about.

    :ivar mark: the last four characters of a certificate's thumbprint
    """

    name: str
    path: str
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing to look at. All words may be lazy translations.

    :ivar kind: what it is, in two or three words
    :ivar things: what it is about; *more* others are not named
    :ivar words: the rest of the sentence
    :ivar extent: how much of it there is, for instance "9 APIs"
    :ivar at: since when it is so; for what will come, when
    :ivar path: where it is mended, by a press of *action*
    :ivar told_to: the permission of those whom it concerns
    """

    level: Level
    kind: Any
    things: tuple[Thing, ...]
    more: int = 0
    words: Any = ""
    extent: Any = ""
    at: datetime | None = None
    path: str
    action: Any
    told_to: str


ListConcerns = Callable[[datetime], Iterable[Concern]]
_looks: dict[str, ListConcerns] = {}


def register(room: str, list_concerns: ListConcerns) -> None:
    """Let *list_concerns* tell what there is in a *room* at a moment; a second one of the same room takes its place."""
    _looks[room] = list_concerns


def concerns(may: Callable[[str], bool], *, now: datetime) -> list[Concern]:
    """Return what concerns somebody who has the permissions that *may* says, the worst first."""
    found = [concern for look in _looks.values() for concern in look(now) if may(concern.told_to)]
    return sorted(found, key=lambda concern: concern.level)
