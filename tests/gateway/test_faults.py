"""Whatever breaks, no caller gets a wrong answer, and calls fail only while there is nobody to answer them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.faults.places import stage
from benchmarks.faults.processes import FAULTS
from benchmarks.faults.stage import Fault, Stage

# One portal for all; every fault leaves it recovered.
pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture(scope="module")
def place() -> Iterator[Stage]:
    """Return a small portal with a gateway under load, on which things break for a second each."""
    with stage(apis=10, seconds=1.0) as place:
        yield place


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.title)
def test_callers_hardly_notice(fault: Fault, place: Stage) -> None:
    outcome = place.suffer(fault)
    assert outcome.calls > 0
    assert outcome.wrong == 0, outcome.examples
    assert not outcome.lost
    assert outcome.failed == 0 or fault.loses_calls
