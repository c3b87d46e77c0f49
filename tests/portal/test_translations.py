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
    _source(tmp_path)

    assert compile_translations(tmp_path / "sources", tmp_path / "compiled") == ["zh_Hans"]

    with (tmp_path / "compiled" / "zh_Hans" / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert compiled.gettext("Save") == "保存"
    assert compiled.gettext("Upload") == "Upload"
    assert compiled.ngettext("%(n)s API", "%(n)s APIs", 5) == "%(n)s 个 API"


def test_only_what_is_stale_is_compiled(tmp_path: Path) -> None:
    source, compiled = _source(tmp_path), tmp_path / "compiled"
    compile_translations(tmp_path / "sources", compiled)
    assert compile_translations(tmp_path / "sources", compiled) == []

    source.write_text(SOURCE.replace("保存", "储存"), encoding="utf-8")
    os.utime(source, (0, 0))  # as in an image
    assert compile_translations(tmp_path / "sources", compiled) == ["zh_Hans"]
    (compiled / "zh_Hans" / "LC_MESSAGES" / "django.mo").unlink()
    assert compile_translations(tmp_path / "sources", compiled) == ["zh_Hans"]


def test_nothing_is_written_beside_the_sources(tmp_path: Path) -> None:
    source = _source(tmp_path)
    compile_translations(tmp_path / "sources", tmp_path / "compiled")

    assert [path for path in (tmp_path / "sources").rglob("*") if path.is_file()] == [source]


def _source(folder: Path) -> Path:
    source = folder / "sources" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(SOURCE, encoding="utf-8")
    return source
