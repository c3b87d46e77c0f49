"""Puts figures into docs/performance.md: ``python -m benchmarks.document FILE…`` with files that ``--json`` has written.

The tables of a benchmark stand between two comments, ``<!-- throughput -->`` and ``<!-- /throughput -->``; the words around them
are people's, and so is checking that they still hold.
"""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import PROJECT, Figure, Spread, short

DOCUMENT = PROJECT / "docs" / "performance.md"


class NoPlace(Exception):
    """The document has no place for a benchmark's figures."""


def with_figures(document: str, found: Mapping[str, Any]) -> str:
    """Return *document* with the tables of one benchmark replaced.

    :param found: what ``--json`` has written
    :raises NoPlace: if there are no comments to put them between
    """
    name = re.sub(r"\W+", "-", found["benchmark"])
    between = re.compile(rf"(<!-- {name} -->\n).*(<!-- /{name} -->)", re.DOTALL)
    if not between.search(document):
        raise NoPlace(f"{DOCUMENT.name} has no <!-- {name} --> and <!-- /{name} -->.")
    text = _as_markdown(found)
    return between.sub(lambda place: f"{place[1]}{text}\n{place[2]}", document)


def _as_markdown(found: Mapping[str, Any]) -> str:
    machine = found["machine"]
    load = ", ".join(map(str, machine["load before, 1/5/15 min"]))
    parts = [f"_{machine['at']}, commit {machine['commit']}, load average before: {load}._\n"]
    for title, rows in found["tables"].items():
        parts.append(f"**{title}**\n\n{_table(rows)}\n")
    parts.append("\n".join(f"- {remark}" for remark in found["remarks"]))
    return "\n".join(parts)


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, ["---", *["--:"] * (len(columns) - 1)], *([short(_figure(row.get(column))) for column in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figure(value: Any) -> Figure:
    return Spread(**value) if isinstance(value, dict) else value


def main(files: Sequence[Path]) -> None:
    """Bring the document up to date with *files*."""
    document = DOCUMENT.read_text(encoding="utf-8")
    for file in files:
        document = with_figures(document, json.loads(file.read_text(encoding="utf-8")))
    DOCUMENT.write_text(document, encoding="utf-8")


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m benchmarks.document", description="Put figures into docs/performance.md.")
    parser.add_argument("files", nargs="+", type=Path, help="what --json has written")
    main(parser.parse_args().files)
