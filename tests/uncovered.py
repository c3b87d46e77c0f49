"""`make coverage`: the refusals that no test has provoked, by the JSON report on standard input; exit status 1 if there is one."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Collection
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def refusals(source: str, missing: Collection[int]) -> list[int]:
    """Return the lines of *source* among *missing* where an exception is raised; one that is only passed on is no refusal of ours."""
    raised = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Raise) and node.exc is not None)
    return sorted(node.lineno for node in raised if node.lineno in missing)


def main() -> int:
    """Name each; return the exit status."""
    files = json.load(sys.stdin)["files"]
    found = [
        (name, line) for name, file in files.items() for line in refusals((PROJECT / name).read_text("utf-8"), set(file["missing_lines"]))
    ]
    for name, line in found:
        sys.stdout.write(f"{name}:{line}: no test provokes this refusal\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
