"""What the product is made of: the distributions that its requirements name and all that those need, as they are installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply.lock import PRODUCT

# How distributions spell their licence where they do not give an SPDX expression.
_SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "The MIT License (MIT)": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """A distribution: its canonical name, its version, its licence as SPDX writes it, and the names of what it needs."""

    name: str
    version: str
    licence: str
    needs: tuple[str, ...]


def of_the_product() -> list[Component]:
    """Return the product's components by name.

    :raises importlib.metadata.PackageNotFoundError: if one is not installed
    """
    found: dict[str, Component] = {}
    listed = map(Requirement, requirement_lines(PRODUCT.read_text(encoding="utf-8")))
    waiting = [one for one in listed if _applies(one, set())]
    extras = {(canonicalize_name(one.name), extra) for one in waiting for extra in one.extras}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found:
            continue
        installed = distribution(name)
        wanted = {extra for of, extra in extras if of == name}
        needs = [one for one in map(Requirement, installed.requires or ()) if _applies(one, wanted)]
        extras |= {(canonicalize_name(one.name), extra) for one in needs for extra in one.extras}
        found[name] = Component(name, installed.version, licence(installed), tuple(sorted({canonicalize_name(one.name) for one in needs})))
        waiting += needs
    return sorted(found.values())


def requirement_lines(text: str) -> Iterator[str]:
    """Yield the requirements of a requirements file, without comments and included files."""
    for line in text.splitlines():
        requirement = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        if requirement and not requirement.startswith("-"):
            yield requirement


def licence(installed: Distribution) -> str:
    """Return the licence as an SPDX expression, or in the distribution's own words where those are not known here."""
    told = installed.metadata
    if "License-Expression" in told:
        return told["License-Expression"]
    classifiers = [str(value).rpartition(" :: ")[2] for value in told.get_all("Classifier") or () if str(value).startswith("License :: ")]
    text = (told.get_all("License") or [""])[0].partition("\n")[0].strip()
    words = text or " OR ".join(classifiers) or " AND ".join(_heading_of(installed, name) for name in told.get_all("License-File") or ())
    return next((_SPDX[word] for word in (text, *classifiers, words) if word in _SPDX), words)


def _heading_of(installed: Distribution, name: str) -> str:
    """Return the first line of a licence that a distribution carries along (its METADATA names the file, PEP 639)."""
    return (installed.read_text(f"licenses/{name}") or "").strip().partition("\n")[0].strip()


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras))
