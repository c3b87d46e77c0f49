"""The typeface of pages is made at setup, small, once, and always the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from portal.font import NAME, compile_font


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file."""
    folder = tmp_path_factory.mktemp("font")
    compile_font(folder)
    return folder / NAME


def test_it_is_small_and_holds_latin_in_every_weight(made: Path) -> None:
    assert made.stat().st_size < 60_000
    with TTFont(made) as font:
        assert {ord(letter) for letter in "AZaz09éßŁ–“→€"} <= set(font.getBestCmap())
        (weight,) = font["fvar"].axes
        assert (weight.axisTag, weight.minValue, weight.maxValue) == ("wght", 400, 700)


def test_it_is_made_once(made: Path) -> None:
    before = made.stat()
    compile_font(made.parent)
    assert made.stat() == before


def test_it_is_the_same_wherever_it_is_made(made: Path, tmp_path: Path) -> None:
    compile_font(tmp_path)
    assert (tmp_path / NAME).read_bytes() == made.read_bytes()


def test_a_file_of_another_release_is_made_anew(made: Path, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"old")
    (tmp_path / f".{NAME}").write_text("0" * 64)
    compile_font(tmp_path)
    assert (tmp_path / NAME).read_bytes() == made.read_bytes()
