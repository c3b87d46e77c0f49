"""What differs from one environment to the next, laid over what they share."""

from __future__ import annotations

from typing import Any

import pytest

from rest.configuration.overlays import laid_over

SHARED = {
    "version": 1,
    "apis": [{"name": "a", "path": "a", "calls": {"idle_seconds": 5, "retry_calls": True}}, {"name": "b", "hosts": ["x"]}],
}


@pytest.mark.parametrize(
    ("overlay", "apis"),
    [
        ({}, SHARED["apis"]),
        ({"apis": []}, []),
        ({"apis": [{"name": "b", "hosts": ["y"]}]}, [SHARED["apis"][0], {"name": "b", "hosts": ["y"]}]),  # type: ignore[index]
        (
            {"apis": [{"name": "a", "calls": {"idle_seconds": None}}]},
            [{"name": "a", "path": "a", "calls": {"idle_seconds": None, "retry_calls": True}}, {"name": "b", "hosts": ["x"]}],
        ),
        ({"apis": [{"name": "a", "$delete": True}]}, [{"name": "b", "hosts": ["x"]}]),
        ({"apis": [{"name": "a", "calls": {"$delete": True}}, {"name": "b", "$delete": True}]}, [{"name": "a", "path": "a"}]),
        ({"apis": [{"name": "c"}, {"name": "d", "$delete": True}]}, [*SHARED["apis"], {"name": "c"}]),  # type: ignore[misc]
        ({"apis": {"$delete": True}}, None),
    ],
)
def test_entries_are_merged_by_their_names(overlay: dict[str, Any], apis: Any) -> None:
    assert laid_over(SHARED, overlay).get("apis") == apis


def test_nothing_beneath_is_changed() -> None:
    beneath: dict[str, Any] = {"apis": [{"name": "a", "calls": {"retry_calls": True}}]}
    laid_over(beneath, {"apis": [{"name": "a", "calls": {"retry_calls": False}}]})
    assert beneath == {"apis": [{"name": "a", "calls": {"retry_calls": True}}]}
