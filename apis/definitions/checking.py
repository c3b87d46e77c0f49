"""How a document differs from what the OpenAPI Initiative's schemas say of its version. [pure]

Much of what public APIs publish differs somewhere, and works: so this is told and refuses nothing.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from apis.definitions.model import Aside, Why

_FOLDER = Path(__file__).parent / "schemas"
_MOST = 10  # faults that are told
_LONGEST = 200
VERSIONS = ("2.0", "3.0", "3.1", "3.2")


def load_schemas() -> None:
    """Read the schemas, while there are files to read."""
    for version in VERSIONS:
        _validator(version)


def faults_of(document: Any, version: str) -> list[Aside]:
    """Return the first faults of a *document* of ``2.0``, ``3.0``, ``3.1`` or ``3.2``, by their places."""
    found: list[Aside] = []
    for error in _validator(version).iter_errors(document):
        place = " > ".join(str(word) for word in error.instance_path)
        found.append(Aside(Why.NOT_AS_PUBLISHED, place, _message(error)))
        if len(found) == _MOST:
            break
    return found


def _message(error: jsonschema_rs.ValidationError) -> str:
    """Return what is wrong, without a whole part of the document where the message quotes one."""
    message: str = error.message
    if len(message) <= _LONGEST:
        return message
    return f"… {message[-_LONGEST:]}"


@cache
def _validator(version: str) -> Any:
    return jsonschema_rs.validator_for(json.loads((_FOLDER / f"{version}.json").read_text()))
