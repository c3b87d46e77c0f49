"""What every benchmark shares at its border: its options, figures with their spread, the table and the JSON."""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

_LOAD_BEFORE = [round(load, 2) for load in os.getloadavg()]
PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some rounds, with the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Return the spread of *values*, of which there must be one at least."""
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        """Return ``median (low to high)``."""
        return f"{short(self.median)} ({short(self.low)} to {short(self.high)})"


Figure = Spread | float | str | None
Row = Mapping[str, Figure]


def options(description: str) -> ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    parser = ArgumentParser(prog=f"python -m {_module()}", description=description)
    parser.add_argument("--quick", action="store_true", help="few and short rounds: shows that it runs, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    return parser


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of *values* that at least this *share* (0 to 1) of them does not exceed.

    :raises ValueError: if there are none
    """
    if not values:
        raise ValueError("There is no percentile of nothing.")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def publish(name: str, tables: Mapping[str, Sequence[Row]], arguments: Namespace, *, remarks: Sequence[str] = ()) -> None:
    """Print *tables* (title: rows) and *remarks*, and write them as JSON where the caller wants it."""
    machine = _machine()
    print(f"\n{name}: {machine['cores']} × {machine['processor']}, {machine['system']}, {machine['at']}")
    for title, rows in tables.items():
        print(f"\n{title}\n{_table(rows)}")
    for remark in remarks:
        print(f"* {remark}")
    found = {
        "benchmark": name,
        "quick": arguments.quick,
        "machine": machine,
        "tables": {title: [{column: _plain(figure) for column, figure in row.items()} for row in rows] for title, rows in tables.items()},
        "remarks": list(remarks),
    }
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def progress(line: str) -> None:
    """Tell whoever waits what is being measured; not part of the report."""
    print(line, file=sys.stderr, flush=True)


def _table(rows: Sequence[Row]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, *([short(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[position]) for line in lines) for position in range(len(columns))]
    drawn = [
        "  ".join(
            cell.ljust(width) if position == 0 else cell.rjust(width)
            for position, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "\n".join([drawn[0], "-" * len(drawn[0]), *drawn[1:]])


def short(figure: Figure) -> str:
    """Return *figure* with three or four digits that matter."""
    match figure:
        case None:
            return "–"
        case Spread() | str():
            return str(figure)
        case int():
            return f"{figure:,}"
        case float() if abs(figure) >= 1000:
            return f"{figure:,.0f}"
        case float() if abs(figure) >= 100:
            return f"{figure:.0f}"
        case _:
            return f"{figure:.3g}" if abs(figure) < 10 else f"{figure:.1f}"


def _plain(figure: Figure) -> dict[str, float] | float | str | None:
    return asdict(figure) if isinstance(figure, Spread) else figure


def _machine() -> dict[str, str | int | list[float]]:
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?")
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": model,
        "cores": os.cpu_count() or 0,
        "memory GB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load before, 1/5/15 min": _LOAD_BEFORE,
        "commit": _said("git", "-C", str(PROJECT), "rev-parse", "--short", "HEAD"),
        "nginx": _said("nginx", "-v"),
        "haproxy": _said("haproxy", "-v"),
        "wrk": _said("wrk", "-v"),
    }


def _said(*command: str) -> str:
    """Return the first line that *command* prints, to whichever output."""
    if shutil.which(command[0]) is None:
        return "not installed"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return next(iter((done.stdout + done.stderr).splitlines()), "")


def _module() -> str:
    specification = getattr(sys.modules["__main__"], "__spec__", None)
    return specification.name.removesuffix(".__main__") if specification else "benchmarks"
