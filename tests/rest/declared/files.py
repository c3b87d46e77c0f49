"""Configuration files as commands read and write them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from django.core.management import call_command

from rest.configuration.text import read, write


def exported(*options: str) -> Any:
    """Return what ``configuration export`` writes, read again."""
    output = io.StringIO()
    call_command("configuration", "export", *options, stdout=output)
    return read(output.getvalue())


def written(document: Any, folder: Path, name: str = "configuration.yaml") -> Path:
    """Return the file that holds *document*."""
    file = folder / name
    file.write_text(write(document), encoding="utf-8")
    return file


def ran(what: str, document: Any, folder: Path, *options: str) -> Any:
    """Return what ``configuration plan`` or ``apply`` answers in JSON."""
    output = io.StringIO()
    call_command("configuration", what, str(written(document, folder)), "--json", *options, stdout=output, stderr=io.StringIO())
    return json.loads(output.getvalue())


def applied(document: Any, folder: Path, *options: str) -> list[str]:
    """Apply *document* and return its changes, having seen that the plan was the same and a second time changes nothing."""
    planned = ran("plan", document, folder, *options)
    done = ran("apply", document, folder, *options)
    assert done["changes"] == planned["changes"]
    assert done["sentences"] == planned["sentences"]
    assert ran("plan", document, folder, *options)["changes"] == []
    changes: list[str] = done["changes"]
    return changes
