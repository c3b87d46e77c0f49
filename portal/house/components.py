"""The packages that the portal runs on, with their licences. [pure]"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)
_SHORT = 60  # characters: longer ones are the text of the licence itself
_CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """A package that is installed."""

    name: str
    version: str
    licence: str


@functools.cache
def components(lock: Path) -> tuple[Component, ...]:
    """Return what of the file *lock* is installed here, by name."""
    return tuple(sorted(_installed(_LOCKED.findall(lock.read_text(encoding="utf-8"))), key=lambda one: one.name.casefold()))


def _installed(names: list[str]) -> Iterator[Component]:
    for name in names:
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for other systems
        yield Component(found.metadata["Name"], found.version, _licence(found.metadata))


def _licence(told: metadata.PackageMetadata) -> str:
    for value in (*(told.get_all("License-Expression") or ()), *(told.get_all("License") or ())):
        if value.strip() and len(value) <= _SHORT and value.upper() != "UNKNOWN":
            return str(value).strip()
    named = [value.removeprefix(_CLASSIFIER) for value in told.get_all("Classifier") or () if value.startswith(_CLASSIFIER)]
    return ", ".join(named)
