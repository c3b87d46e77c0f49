"""Putting the values of a line back. The rooms enter how: through the same actions, behind the same checks, as their forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from portal.activity.values import same_value
from portal.history.reading import newer_change
from portal.history.words import is_pair
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Values = Mapping[str, Any]


class Side(Enum):
    """Which values of a line: those before it, or those after it."""

    BEFORE = "before"
    AFTER = "after"


class Refused(Exception):
    """The values cannot be put back as things are.

    :ivar sentences: why, and what to do
    """

    def __init__(self, *sentences: object) -> None:
        """Hold the sentences."""
        self.sentences = [str(one) for one in sentences]
        super().__init__(" ".join(self.sentences))


class ChangedSince(Exception):
    """Something newer has changed what a line is about, so that the line is not undone.

    :ivar newest: that line
    """

    def __init__(self, newest: Activity) -> None:
        """Hold the newer line."""
        super().__init__(f"Line {newest.id} is newer.")
        self.newest = newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The values that a line is about, by field: before it, after it, and now. ``None`` in place of them: the thing was not there.

    :ivar before, after, now: the same fields in each
    """

    before: Values | None
    after: Values | None
    now: Values | None

    def values(self, side: Side) -> Values | None:
        """Return those of one side."""
        return self.before if side is Side.BEFORE else self.after

    def differs(self, side: Side) -> bool:
        """Return whether putting that side back would change anything."""
        wanted = self.values(side)
        if wanted is None or self.now is None:
            return wanted is not self.now
        return any(not same_value(value, self.now.get(name)) for name, value in wanted.items())


def compared_by_field(line: Activity, value_of: Callable[[str], Any]) -> Compared:
    """Return the pairs of values that *line* tells, beside what *value_of* says of each field now."""
    pairs = {name: pair for name, pair in line.changes.items() if is_pair(pair)}
    return Compared(
        before={name: pair[0] for name, pair in pairs.items()},
        after={name: pair[1] for name, pair in pairs.items()},
        now={name: value_of(name) for name in pairs},
    )


class Restorer(Protocol):
    """How a room puts values back."""

    @property
    def permission(self) -> str:
        """What it takes to do so."""

    def compared(self, line: Activity) -> Compared:
        """Return the values of *line* and those of now.

        :raises Refused: if they are not known, or what they are about is gone
        """

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Put the values of one side back by an ordinary change; return the address of the page that shows them.

        :raises Refused: if the checks of that change do
        """


_restorers: dict[str, Restorer] = {}


def restores(events: Iterable[Event], restorer: Restorer) -> None:
    """Let *restorer* put back what lines of these *events* have changed."""
    _restorers.update(dict.fromkeys(events, restorer))


def restorer_of(line: Activity) -> Restorer | None:
    """Return who puts the values of *line* back; ``None``: nobody does."""
    return _restorers.get(line.event)


def may_restore(person: User, line: Activity) -> bool:
    """Return whether *person* may put the values of *line* back, if they can be."""
    restorer = restorer_of(line)
    return restorer is not None and bool(line.changes) and person.has_perm(restorer.permission)


def valid(form: Any) -> Any:
    """Return *form*, checked.

    :raises Refused: with what is wrong, each sentence with its field
    """
    if form.is_valid():
        return form
    labels = {name: field.label for name, field in form.fields.items()}
    raise Refused(*(f"{labels[name]}: {text}" if labels.get(name) else text for name, texts in form.errors.items() for text in texts))


@transaction.atomic
def restore(line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
    """Put the values of one side of *line* back, all or none; return the address of the page that shows them.

    :raises Refused: if that cannot be, or would change nothing
    """
    restorer = restorer_of(line)
    if restorer is None or not line.changes:
        raise Refused(_("What this line tells of cannot be put back."))
    if not restorer.compared(line).differs(side):
        raise Refused(_("These are the values of now already; nothing was changed."))
    return restorer.restore(line, side, by=by, now=now)


@transaction.atomic
def undo(line: Activity, *, by: User | None, now: datetime) -> str:
    """Put the values before *line* back, while it is the newest that has changed its subject; return the address of the page that shows it.

    :raises ChangedSince: if it is not
    :raises Refused: as :func:`restore`
    """
    if newer := newer_change(line):
        raise ChangedSince(newer)
    shown_at = restore(line, Side.BEFORE, by=by, now=now)
    # Writers of the log wait for each other: whoever was quicker is seen by now.
    if newer := newer_change(line, but_at=now):
        raise ChangedSince(newer)
    return shown_at
