"""`make check`: whose tests it runs, and how many of them."""

from __future__ import annotations

import subprocess

import pytest

from tests.changed import PROJECT, rooms
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
        ("Makefile", ["tests/supply"]),
        ("tests/makers.py", ["tests/portal"]),
        ("templates/base.html", ["tests/portal"]),
        ("templates/named_values/index.html", ["tests/apis"]),
        ("portal/signin/store.py", ["tests/signin"]),
        ("kit/issuing.py", ["tests/certificates"]),
        ("CODE_OF_CONDUCT.md", []),
    ],
)
def test_a_change_concerns_the_tests_of_its_room(path: str, folder: list[str]) -> None:
    assert rooms([path, path]) == folder


def test_whatever_is_changed_has_tests() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()
    apart = (".dockerignore", ".git", "CODE_OF_CONDUCT.md", "Procfile", "tests/image/")
    assert [path for path in listed if not path.startswith(apart) and not rooms([path])] == []


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
