"""Logs as JSON: one object a line, whoever says it, with nothing that deceives its reader."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import logs
from portal.environment import read_choice
from tests.processes import PROJECT

FIELDS = {"time", "level", "logger", "message", "process"}


def objects(text: str) -> list[dict[str, Any]]:
    """Return what each line says; every one has to be an object with all that is promised."""
    told = [json.loads(line) for line in text.splitlines()]
    assert all(one.keys() >= FIELDS for one in told)
    return told


def logged(message: str, *arguments: object, exc_info: Any = None) -> dict[str, Any]:
    record = logging.LogRecord("certificates.pfx", logging.WARNING, __file__, 1, message, arguments, exc_info)
    (told,) = objects(logs.JsonFormatter().format(record))
    return told


def test_a_message_is_one_object_with_its_moment_and_where_it_comes_from() -> None:
    told = logged("%s was refused", "käse")

    assert (told["level"], told["logger"], told["message"]) == ("warning", "certificates.pfx", "käse was refused")
    assert told["time"].endswith("Z")
    assert len(told["time"]) == len("2026-11-26T14:07:00.123Z")


def test_neither_a_line_break_nor_a_turned_direction_leaves_the_message() -> None:
    line = logs.JsonFormatter().format(logging.LogRecord("x", logging.INFO, "", 1, "one\n{}\u202etwo", (), None))

    assert "\n" not in line
    assert "\u202e" not in line
    assert json.loads(line)["message"] == r"one\n{}\u202etwo"


def test_a_trace_is_part_of_its_message() -> None:
    try:
        int("nonsense")
    except ValueError:
        told = logged("It failed.", exc_info=sys.exc_info())

    assert told["message"] == "It failed."
    assert told["exception"].splitlines()[-1] == "ValueError: invalid literal for int() with base 10: 'nonsense'"


def test_what_is_no_object_becomes_one_and_what_is_one_stays() -> None:
    one = logs.as_object("said", process="envoy", level="error")

    assert logs.in_one_object(one, process="portal") == one
    for foreign in ("E0000 grpc says", '{"half', '{"another": "object"}', "[1]", ""):
        (told,) = objects(logs.in_one_object(foreign, process="portal"))
        assert (told["message"], told["process"]) == (foreign, "portal")


def test_a_line_is_written_when_it_is_whole() -> None:
    behind = io.StringIO()
    stream = logs.Objects(behind, "error")

    stream.write("one\ntw")
    stream.write("o")
    assert [told["message"] for told in objects(behind.getvalue())] == ["one"]
    stream.write("\n")
    assert [(told["message"], told["level"]) for told in objects(behind.getvalue())] == [("one", "error"), ("two", "error")]


def test_another_format_or_level_is_refused_with_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_LOG_LEVEL", "loud")

    with pytest.raises(ImproperlyConfigured, match="PORTAL_LOG_LEVEL must be one of debug, info, warning, error; it is 'loud'"):
        read_choice("PORTAL_LOG_LEVEL", logs.LEVELS, "info")


@pytest.mark.parametrize("command", [("setup",), ("xds",), ("portal", "run")])
def test_a_process_that_cannot_start_says_so_in_objects(tmp_path: Path, command: tuple[str, ...]) -> None:
    nowhere = tmp_path / "file"
    nowhere.touch()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DATABASE_"))},
        "PORTAL_HOME": str(nowhere / "home"),
        "PORTAL_LOG_FORMAT": "json",
    }

    answer = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert answer.returncode != 0
    assert any(one["level"] in {"error", "critical"} for one in objects(answer.stderr))
    assert objects(answer.stderr)[0]["process"] == command[0]
