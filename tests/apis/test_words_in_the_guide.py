"""The guide's table of what goes wrong has a line for each outcome."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from apis.handshake.kinds import Kind
from apis.microscope.words import WORDS


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_outcome_has_a_line(language: str) -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "guide" / language / "connection-test.md").read_text(encoding="utf-8")
    with translation.override(language):
        missing = [kind for kind in Kind if f"\n| {WORDS[kind].title} |" not in page]
    assert not missing
