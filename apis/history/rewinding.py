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
    :ivar operations: as :func:`apis.actions.facts.of_operation` names them, by name; ``None``: an import
        has changed them since, and its line tells no more than what calls they matched
    :ivar secrets: which secrets were changed since that moment, so that those of then are gone
    """

    facts: Facts | None
    operations: Mapping[str, Facts] | None
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
        case "api.imported":
            return replace(state, operations=None)
        case "api.operation-added" | "api.operation-changed" | "api.operation-deleted" if state.operations is not None:
            return replace(state, operations=_operations_before(state.operations, line))
        case "api.operation-added" | "api.operation-changed" | "api.operation-deleted":
            return state
        case _:
            return _api_before(state, line)


def _api_before(state: State, line: Line) -> State:
    if state.facts is None:
        raise Unknown
    hidden = {name for name, pair in line.changes.items() if not isinstance(pair, list)}
    return replace(state, facts=_old(state.facts, line, _SHOWN), secrets=state.secrets | hidden)


def _operations_before(operations: Mapping[str, Facts], line: Line) -> Mapping[str, Facts]:
    name = str(line.details.get("operation", ""))
    if line.event == "api.operation-deleted":
        return {**operations, name: _old({}, line)}
    if name not in operations:
        raise Unknown
    if line.event == "api.operation-changed":
        return {**operations, name: _old(operations[name], line)}
    return {key: value for key, value in operations.items() if key != name}


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
