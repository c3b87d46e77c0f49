"""The typeface of pages: Inter, from its package, cut down to Latin text in one file; Chinese is set in the system's own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseStorageFinder
from django.core.files.storage import FileSystemStorage

NAME = "inter.woff"
_SOURCE = "Inter[opsz,wght].ttf"
_LETTERS = (*range(0x20, 0x7F), *range(0xA0, 0x180))  # Basic Latin to Latin Extended-A
_SIGNS = "–—‘’“”•…‰‹›€←→−"
_FEATURES = ("kern", "liga", "calt", "tnum", "ccmp", "locl", "mark", "mkmk")
_WEIGHTS = (400, 700)
_WANTED = f"{NAME} {_LETTERS} {_SIGNS} {_FEATURES} {_WEIGHTS}"


def compile_font(into: Path) -> None:
    """Make the file in the folder *into*, if it is not there as this release of the package has it; some 40 kB."""
    made, stamp = into / NAME, into / f".{NAME}"
    wanted = hashlib.sha256(f"{version('fontpkg-inter')} {version('fonttools')} {_WANTED}".encode()).hexdigest()
    if made.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    into.mkdir(parents=True, exist_ok=True)
    fresh = into / f".{NAME}.{os.getpid()}"
    _cut(fresh)
    fresh.replace(made)
    stamp.write_text(wanted, encoding="ascii")


def _cut(made: Path) -> None:
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    with as_file(files("fontpkg_inter") / "files" / _SOURCE) as source, TTFont(source, recalcTimestamp=False) as font:
        subsetter = Subsetter(Options(layout_features=list(_FEATURES), hinting=False))
        subsetter.populate(unicodes=[*_LETTERS, *map(ord, _SIGNS)])
        subsetter.subset(font)
        cut = instantiateVariableFont(font, {"opsz": 14, "wght": _WEIGHTS})
        cut.flavor = "woff"
        cut.save(made)


class FontFinder(BaseStorageFinder):
    """Finds the file among the static ones, once it was made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Look where :func:`compile_font` is told to put it."""
        self._folder = FileSystemStorage(location=settings.FONTS)
        super().__init__(self._folder, *args, **kwargs)

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:  # noqa: ARG002 - Django's signature
        """Yield the file."""
        if self._folder.exists(NAME):
            yield NAME, self._folder
