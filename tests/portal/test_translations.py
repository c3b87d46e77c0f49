"""Compiling translations without gettext's tools."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

from portal.translations import compile_translations

SOURCE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Save"
msgstr "保存"

#, fuzzy
msgid "Upload"
msgstr "下载"

msgid "%(n)s API"
msgid_plural "%(n)s APIs"
msgstr[0] "%(n)s 个 API"
"""


def test_messages_and_plurals_are_compiled_and_guesses_are_not(tmp_path: Path) -> None:
    source = _source(tmp_path)

    assert compile_translations(tmp_path) == ["zh_Hans"]

    with source.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert compiled.gettext("Save") == "保存"
    assert compiled.gettext("Upload") == "Upload"
    assert compiled.ngettext("%(n)s API", "%(n)s APIs", 5) == "%(n)s 个 API"


def test_only_what_is_stale_is_compiled(tmp_path: Path) -> None:
    source = _source(tmp_path)
    compile_translations(tmp_path)
    assert compile_translations(tmp_path) == []

    newer = source.with_suffix(".mo").stat().st_mtime + 1
    os.utime(source, (newer, newer))
    assert compile_translations(tmp_path) == ["zh_Hans"]


def _source(folder: Path) -> Path:
    source = folder / "zh_Hans" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(SOURCE, encoding="utf-8")
    return source
