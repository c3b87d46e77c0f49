"""Figures find their place in docs/performance.md, and only there."""

from __future__ import annotations

import pytest

from benchmarks.document import DOCUMENT, NoPlace, with_figures

FOUND = {
    "benchmark": "switch, the long run",
    "machine": {"at": "2026-11-23 12:00 UTC", "commit": "abc1234", "load before, 1/5/15 min": [0.1, 0.2, 0.3]},
    "tables": {"Very many": [{"": "ours", "ms": {"median": 7.5, "low": 7, "high": 12.25}, "failed": 0, "rest": None}]},
    "remarks": ["8 callers."],
}


def test_the_tables_stand_between_their_comments() -> None:
    document = "before\n<!-- switch-the-long-run -->\nold\n<!-- /switch-the-long-run -->\nafter\n"
    assert with_figures(document, FOUND) == (
        "before\n"
        "<!-- switch-the-long-run -->\n"
        "_2026-11-23 12:00 UTC, commit abc1234, load average before: 0.1, 0.2, 0.3._\n"
        "\n"
        "**Very many**\n"
        "\n"
        "|  | ms | failed | rest |\n"
        "| --- | --: | --: | --: |\n"
        "| ours | 7.5 (7 to 12.2) | 0 | – |\n"
        "\n"
        "- 8 callers.\n"
        "<!-- /switch-the-long-run -->\n"
        "after\n"
    )


def test_figures_without_a_place_are_refused() -> None:
    with pytest.raises(NoPlace, match="switch-the-long-run"):
        with_figures("nothing here", FOUND)


@pytest.mark.parametrize("name", ["throughput", "switch", "switch, the long run", "scale", "pages", "seeing", "activity", "faults"])
def test_the_document_has_a_place_for_every_benchmark(name: str) -> None:
    assert "2026-11-23 12:00 UTC, commit abc1234" in with_figures(DOCUMENT.read_text(encoding="utf-8"), {**FOUND, "benchmark": name})
