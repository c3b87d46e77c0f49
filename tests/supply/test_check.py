"""`make check`: whose tests it runs, and how many of them."""

from __future__ import annotations

import pytest

from tests.changed import rooms
from tests.durations import within

DURATIONS = {"tests/a.py::slow": 30.0, "tests/a.py::quick": 0.1, "tests/b.py::middling": 5.0}


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("gateway/compile/edge/filters.py", ["tests/gateway"]),
        ("templates/apis/index.html", ["tests/apis"]),
        ("tests/rest/test_lists.py", ["tests/rest"]),
        ("locale/zh_Hans/LC_MESSAGES/django.po", ["tests/portal"]),
        ("docs/guide/en/apis.md", ["tests/portal"]),
        ("requirements-dev.lock", ["tests/supply"]),
        ("Makefile", []),
        ("tests/makers.py", []),
    ],
)
def test_a_change_concerns_the_tests_of_its_room(path: str, folder: list[str]) -> None:
    assert rooms([path, path]) == folder


@pytest.mark.parametrize(
    ("seconds", "changed", "chosen"),
    [
        (100, [], {"tests/a.py::slow", "tests/a.py::quick", "tests/b.py::middling", "tests/b.py::new"}),
        (10, [], {"tests/a.py::quick", "tests/b.py::middling", "tests/b.py::new"}),
        (10, ["tests/a.py"], {"tests/a.py::quick"}),
        (31, ["tests/a.py"], {"tests/a.py::quick", "tests/a.py::slow", "tests/b.py::new"}),
    ],
)
def test_what_fits_is_run_changed_files_before_others(seconds: float, changed: list[str], chosen: set[str]) -> None:
    assert set(within(seconds, [*DURATIONS, "tests/b.py::new"], DURATIONS, changed)) == chosen
