"""Compiling the translations, without the gettext tools that a machine may lack."""

from __future__ import annotations

import os
from pathlib import Path

import polib


def compile_translations(locale: Path) -> list[str]:
    """Bring each compiled catalogue (``.mo``) under *locale* up to date with its source (``.po``).

    :returns: the languages that were compiled, as their folders are called
    :raises OSError: if a source has mistakes, or the folder is not writable
    """
    stale = [source for source in sorted(locale.glob("*/LC_MESSAGES/*.po")) if _is_stale(source)]
    for source in stale:
        fresh = source.with_suffix(f".{os.getpid()}.tmp")
        polib.pofile(str(source), encoding="utf-8").save_as_mofile(str(fresh))
        fresh.replace(source.with_suffix(".mo"))  # in one step: another process may be reading it
    return [source.parent.parent.name for source in stale]


def _is_stale(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime
