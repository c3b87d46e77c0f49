"""Compiling the translations, without the gettext tools that a machine may lack, to where the portal may write."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import polib


def compile_translations(sources: Path, into: Path) -> list[str]:
    """Bring each compiled catalogue (``.mo``) below *into* up to date with its source (``.po``) below *sources*.

    :returns: the languages that were compiled, as their folders are called
    :raises OSError: if a source has mistakes, or *into* is not writable
    """
    return [
        source.parent.parent.name
        for source in sorted(sources.glob("*/LC_MESSAGES/*.po"))
        if _compile(source, into / source.relative_to(sources).with_suffix(".mo"))
    ]


def _compile(source: Path, compiled: Path) -> bool:
    """Return whether it had to be done: the source is told by its digest, for in an image all files may be of one moment."""
    digest, stamp = hashlib.sha256(source.read_bytes()).hexdigest(), compiled.with_suffix(".sha256")
    if compiled.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == digest:
        return False
    compiled.parent.mkdir(parents=True, exist_ok=True)
    fresh = compiled.with_suffix(f".{os.getpid()}.tmp")
    polib.pofile(str(source), encoding="utf-8").save_as_mofile(str(fresh))
    fresh.replace(compiled)  # in one step: another process may be reading it
    stamp.write_text(digest, encoding="ascii")
    return True
