"""Going back over the values that lines hold: whatever was done, what was before it comes out again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apis.history.rewinding import State, Unknown, before
from portal.activity.values import HIDDEN, differences


@dataclass(frozen=True)
class Line:
    """A line of the log, as far as it is read."""

    event: str
    changes: Any
    details: Any = field(default_factory=dict)


START: dict[str, Any] = {"path": "orders", "retry_calls": True, "hosts": [], "idle_seconds": None}
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "path": st.text(max_size=3),
        "retry_calls": st.booleans(),
        "hosts": st.lists(st.sampled_from(["a.example", "b.example"]), max_size=2),
        "idle_seconds": st.none() | st.integers(0, 3),
    },
)
OPERATIONS = st.tuples(st.sampled_from(["get", "put"]), st.none() | st.fixed_dictionaries({"method": st.sampled_from(["GET", "*"])}))


@given(st.lists(VALUES | OPERATIONS, max_size=12))
def test_every_state_comes_out_again(steps: list[Any]) -> None:
    facts: dict[str, Any] = dict(START)
    operations: dict[str, Any] = {}
    states, lines = [State(facts=facts, operations={})], []
    for step in steps:
        if isinstance(step, dict):
            after = facts | step
            lines.append(Line("api.changed", differences(facts, after)))
            facts = after
        else:
            line, operations = _operated(operations, *step)
            lines.append(line)
        states.append(State(facts=facts, operations=operations))
    for number, state in enumerate(states):
        found = before(states[-1], reversed(lines[number:]))
        assert not differences(found.facts or {}, state.facts or {})
        assert found.operations == state.operations


def _operated(operations: dict[str, Any], name: str, wanted: dict[str, Any] | None) -> tuple[Line, dict[str, Any]]:
    old, others = operations.get(name), {key: value for key, value in operations.items() if key != name}
    what = "deleted" if wanted is None else "changed" if old else "added"
    if wanted is None and old is None:
        return Line("api.changed", {}), operations
    line = Line(f"api.operation-{what}", differences(old or {}, wanted or {}), {"operation": name})
    return line, others if wanted is None else {**others, name: wanted}


def test_before_it_was_made_there_was_none() -> None:
    assert before(State(facts=START, operations={}), [Line("api.created", {})]).facts is None


@pytest.mark.parametrize(
    "line",
    [
        Line("api.changed", {"path": ["x", "something else than it is"]}),
        Line("api.operation-changed", {"method": ["GET", "PUT"]}, {"operation": "nobody"}),
        Line("api.operation-added", {}, {"operation": "nobody"}),
        Line("api.changed", [1]),
        Line("api.changed", {}, "no details"),
    ],
)
def test_lines_that_lead_elsewhere_are_not_believed(line: Line) -> None:
    with pytest.raises(Unknown):
        before(State(facts=START, operations={}), [line])


def test_it_is_known_which_secrets_were_others() -> None:
    assert before(State(facts=START, operations={}), [Line("api.secured", {"password": HIDDEN})]).secrets == {"password"}


def test_the_document_that_an_editor_showed_need_not_be_the_one_that_was_stored() -> None:
    lines = [
        Line("api.policy-changed", {"document": ["<shown />", "<new />"]}),
        Line("api.policy-changed", {"document": ["", "<stored />"]}),
    ]
    assert before(State(facts={"document": "<new />"}, operations={}), lines).facts == {"document": ""}
    operation = Line("api.operation-changed", {"document": ["", "<other />"]}, {"operation": "get"})
    with pytest.raises(Unknown):
        before(State(facts={}, operations={"get": {"document": "<new />"}}), [operation])


def test_before_an_import_the_settings_are_known_and_the_operations_are_not() -> None:
    lines = [
        Line("api.imported", {"operations": [["GET /a"], ["GET /b"]]}),
        Line("api.operation-added", {"method": [None, "GET"]}, {"operation": "a"}),
        Line("api.changed", {"path": ["shop", "orders"]}),
    ]
    found = before(State(facts=START, operations={"b": {"method": "GET"}}), lines)
    assert (found.facts, found.operations) == (START | {"path": "shop"}, None)
