"""A benchmark is one command that prints a table and writes its figures. Some stand for all: they share their pieces, and take long."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.report import PROJECT
from tests.homes import tables


def _figures_of(command: str, folder: Path) -> list[dict[str, object]]:
    """Run a benchmark in its quickest mode and return the rows of its tables."""
    file = folder / "figures.json"
    name, *options = shlex.split(command)
    arguments = [sys.executable, "-m", f"benchmarks.{name}", *options, "--quick", "--json", str(file)]
    environment = {**os.environ, "BENCHMARKS_TABLES": str(tables())}
    done = subprocess.run(arguments, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=480)
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["quick"] is True
    return [row for rows in found["tables"].values() for row in rows]


@pytest.mark.parametrize("command", ["switch --long", "activity", "faults --only 'connections cut'", "fleet"])
def test_a_benchmark_leaves_figures(command: str, tmp_path: Path) -> None:
    rows = _figures_of(command, tmp_path)
    assert rows
    assert all(row.get(column, 0) == 0 for row in rows for column in ("failed", "wrong answers", "lost", "old after ack"))
