"""What ``$filter`` can ask of one field: of a column, of a value that all entities share, of whatever else they show."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.db.models import Q
from django.utils.translation import gettext as _

COMPARISONS = {"eq": "", "ne": "", "gt": "__gt", "ge": "__gte", "lt": "__lt", "le": "__lte"}
FUNCTIONS = {"contains": "icontains", "substringof": "icontains", "startswith": "istartswith", "endswith": "iendswith"}


# Of what is compared in this process: a value and what is asked for.
_HOLDS: dict[str, Callable[[str, str], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_FINDS: dict[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "substringof": operator.contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_MILLISECOND = timedelta(milliseconds=1)


class BadFilter(ValueError):
    """The text is no filter; the message says why."""


class Field(Protocol):
    """What can be asked of one field."""

    def compare(self, operator: str, value: str) -> Q:
        """Return the condition of a comparison (``eq`` … ``le``)."""

    def search(self, function: str, value: str) -> Q:
        """Return the condition of a function (``contains`` …)."""

    def absent(self) -> Q:
        """Return the condition that the field is shown as ``null``."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in the column that *lookup* leads to."""

    lookup: str
    normal: Callable[[str], str] = str

    def compare(self, operator: str, value: str) -> Q:
        """Compare, with regard to case unless ``normal`` takes it away."""
        condition = Q(**{f"{self.lookup}{COMPARISONS[operator]}": self.normal(value)})
        return ~condition if operator == "ne" else condition

    def search(self, function: str, value: str) -> Q:
        """Search, regardless of case."""
        return Q(**{f"{self.lookup}__{FUNCTIONS[function]}": self.normal(value)})

    def absent(self) -> Q:
        """Look for an empty text, which is shown as ``null``."""
        return Q(**{self.lookup: ""})


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false in the column that *lookup* leads to."""

    lookup: str

    def compare(self, operator: str, value: str) -> Q:
        """Compare with true or false."""
        if operator not in {"eq", "ne"} or value.lower() not in {"true", "false"}:
            raise BadFilter(_("This is true or false; ask with eq or ne."))
        return Q(**{self.lookup: (value.lower() == "true") == (operator == "eq")})

    def search(self, function: str, value: str) -> Q:  # noqa: ARG002 - whatever it is
        """Refuse: there is no text to search."""
        raise BadFilter(_("%(function)s goes with texts only.") % {"function": function})

    def absent(self) -> Q:
        """Return none: it is always one of the two."""
        return constant(False)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in the column that *lookup* leads to; shown, and therefore compared, to the millisecond."""

    lookup: str

    def compare(self, operator: str, value: str) -> Q:
        """Compare with a date or a moment, UTC unless it says otherwise."""
        try:
            moment = datetime.fromisoformat(value)
            aware = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError) as error:  # OverflowError: before the first year or after the last, in UTC
            raise BadFilter(_("“%(value)s” is not a moment such as 2026-11-23T12:00:00Z.") % {"value": value}) from error
        if operator in {"eq", "ne"}:
            condition = self._from(aware) & self._until(aware) if aware == _shown(aware) else constant(False)
            return negated(condition) if operator == "ne" else condition
        # What is shown lies at the millisecond's beginning: equal to *aware* only if that does, too.
        beyond = _shown(aware) != aware or operator in {"gt", "le"}
        if operator in {"lt", "le"}:
            return self._until(aware) if beyond else Q(**{f"{self.lookup}__lt": aware})
        return negated(self._until(aware)) if beyond else self._from(aware)

    def search(self, function: str, value: str) -> Q:  # noqa: ARG002 - whatever it is
        """Refuse: a moment is not searched."""
        raise BadFilter(_("%(function)s does not go with a moment.") % {"function": function})

    def absent(self) -> Q:
        """Return none: there always is one."""
        return constant(False)

    def _from(self, moment: datetime) -> Q:
        return Q(**{f"{self.lookup}__gte": _shown(moment)})

    def _until(self, moment: datetime) -> Q:
        """Return the condition that what is shown is no later; without an end where the calendar ends."""
        try:
            return Q(**{f"{self.lookup}__lt": _shown(moment) + _MILLISECOND})
        except OverflowError:
            return constant(True)


@dataclass(frozen=True, slots=True)
class Shown:
    """A field that no column holds: the values that the entities show are looked at, one by one. Of several, one must do."""

    values: Callable[[], Mapping[Any, Any]]  # by primary key; texts, numbers, true, false, null, or lists of these

    def compare(self, operator: str, value: str) -> Q:
        """Compare as texts."""
        if operator == "ne":
            return negated(self.compare("eq", value))
        return self._those(lambda mine: mine is not None and _HOLDS[operator](_as_text(mine), value))

    def search(self, function: str, value: str) -> Q:
        """Search, regardless of case."""
        return self._those(lambda mine: mine is not None and _FINDS[function](_as_text(mine).casefold(), value.casefold()))

    def absent(self) -> Q:
        """Return those that show ``null``, or nothing."""
        return self._those(lambda mine: mine is None)

    def _those(self, holds: Callable[[Any], bool]) -> Q:
        return Q(pk__in=[key for key, value in self.values().items() if any(map(holds, value if isinstance(value, list) else [value]))])


@dataclass(frozen=True, slots=True)
class Fixed:
    """A field that has the same value in every entity of ours; ``None`` is shown as ``null``."""

    value: str | None

    def compare(self, operator: str, value: str) -> Q:
        """Compare."""
        if self.value is None:
            return constant(operator == "ne")
        return constant(_HOLDS[operator](self.value.lower(), value.lower()))

    def search(self, function: str, value: str) -> Q:
        """Search."""
        return constant(self.value is not None and _FINDS[function](self.value.lower(), value.lower()))

    def absent(self) -> Q:
        """Return whether that is ``null``: for all of them, or for none."""
        return constant(self.value is None)


def _shown(moment: datetime) -> datetime:
    """Return *moment* as answers show it, to the millisecond."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def constant(holds: bool) -> Q:
    """Return a condition that is met by every row, or by none."""
    return Q() if holds else Q(pk__in=[])


def negated(condition: Q) -> Q:
    """Return the opposite. An empty ``Q`` means everything."""
    return ~condition if condition else Q(pk__in=[])
