"""What an API was before each of its changes: from what it is now, back over the values that the lines hold. [pure]"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from portal.activity.values import same_value

Facts = Mapping[str, Any]

# What an authority's entry is called and holds: a new version of it reaches all who trust it without a line about each (apis.trust).
FOLLOWING = frozenset({"trusted_authority", "trusted_ca", "caller_authority", "caller_authorities"})
# Of an API's document lines hold what its editor showed, which is made of settings too, so that it need not be what is stored.
_SHOWN = frozenset({"document"})


class Line(Protocol):
    """What is read of a line of the activity log."""

    @property
    def event(self) -> str: ...  # noqa: D102
    @property
    def details(self) -> Any: ...  # noqa: D102
    @property
    def changes(self) -> Any: ...  # noqa: D102


class Unknown(Exception):
    """The lines do not lead from what is now to what was: one is missing, or was not written by this product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """An API at a moment.

    :ivar facts: as :func:`apis.actions.facts.of_api` names them; ``None``: there was no such API yet
    :ivar operations: as :func:`apis.actions.facts.of_operation` names them, by name
    :ivar secrets: which secrets were changed since that moment, so that those of then are gone
    """

    facts: Facts | None
    operations: Mapping[str, Facts]
    secrets: frozenset[str] = field(default_factory=frozenset)


def before(state: State, lines: Iterable[Line]) -> State:
    """Return the state before *lines*, the newest of which comes first and has led to *state*.

    :raises Unknown: if one of them has led to something else
    """
    for line in lines:
        state = _before(state, line)
    return state


def _before(state: State, line: Line) -> State:
    if not isinstance(line.changes, dict) or not isinstance(line.details, dict):
        raise Unknown
    match line.event:
        case "api.created" | "backend.created" | "named-value.created":
            return replace(state, facts=None)
        case "api.operation-added":
            return _without(state, line)
        case "api.operation-changed":
            name = _operation(line)
            if name not in state.operations:
                raise Unknown
            return replace(state, operations={**state.operations, name: _old(state.operations[name], line)})
        case "api.operation-deleted":
            return replace(state, operations={**state.operations, _operation(line): _old({}, line)})
        case _:
            return _api_before(state, line)


def _api_before(state: State, line: Line) -> State:
    if state.facts is None:
        raise Unknown
    hidden = {name for name, pair in line.changes.items() if not isinstance(pair, list)}
    return replace(state, facts=_old(state.facts, line, _SHOWN), secrets=state.secrets | hidden)


def _without(state: State, line: Line) -> State:
    name = _operation(line)
    if name not in state.operations:
        raise Unknown
    return replace(state, operations={key: value for key, value in state.operations.items() if key != name})


def _operation(line: Line) -> str:
    return str(line.details.get("operation", ""))


def _old(facts: Facts, line: Line, unlike: Collection[str] = ()) -> Facts:
    """Return *facts* with the old values of *line*, if its new ones are what they hold.

    :param unlike: fields of which lines hold something else than facts do
    """
    found = dict(facts)
    for name, pair in line.changes.items():
        if not isinstance(pair, list):
            continue
        old, new = pair
        if name not in FOLLOWING and name not in unlike and not same_value(found.get(name), new):
            raise Unknown
        found[name] = old
    return found
