"""What the documents link to is there: each file, and each heading in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(path for folder in ("docs", "deploy", ".github") for path in (ROOT / folder).rglob("*.md"))])


def links(document: Path) -> Iterator[str]:
    """Yield the targets of what is linked to and shown in *document*, but for addresses of others and of the portal itself."""
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith(("/", "mailto:")):
            yield target


def headings(document: Path) -> set[str]:
    """Return how the headings of *document* are called in a link, as GitHub and the guide's pages make it of their words."""
    words = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", word.lower()).replace(" ", "-") for word in words}


def leads_somewhere(document: Path, target: str) -> bool:
    path, _, heading = target.partition("#")
    there = (document.parent / path) if path else document
    return there.exists() and (not heading or heading in headings(there))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_link_leads_to_what_is_there(document: Path) -> None:
    assert [target for target in links(document) if not leads_somewhere(document, target)] == []


def test_links_are_found_and_dead_ones_told(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("# What is, here\n[a](a.md#what-is-here) [b](b.md) [c](#nowhere)\n```\n[d](d.md)\n```\n[e](https://e) ![f](/f)\n")
    assert list(links(document)) == ["a.md#what-is-here", "b.md", "#nowhere"]
    assert [leads_somewhere(document, target) for target in links(document)] == [True, False, False]
