"""The licences of all that the product is made of."""

from __future__ import annotations

from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from supply.distributions import Component, licence, of_the_product

# Whoever ships the portal may do so under these; what copies its own terms onto what uses it (GPL, AGPL) is not among them.
ALLOWED = {
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "LGPL-3.0-only",  # psycopg, used as it is
    "MIT",
    "MIT-0",
    "OFL-1.1",
    "MPL-2.0",  # certifi, used as it is
    "PSF-2.0",
}


def allowed(expression: str) -> bool:
    return any(all(part in ALLOWED for part in choice.split(" AND ")) for choice in expression.split(" OR "))


@pytest.mark.parametrize("component", of_the_product(), ids=lambda one: f"{one.name}: {one.licence}")
def test_its_licence_is_allowed(component: Component) -> None:
    assert allowed(component.licence), f"{component.name} {component.version} is under {component.licence!r}"


@pytest.mark.parametrize(
    ("told", "expression"),
    [
        (["License-Expression: MIT AND GPL-3.0-only"], "MIT AND GPL-3.0-only"),
        (["License: GPLv3", "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)"], "GPLv3"),
        (["Classifier: License :: OSI Approved :: GNU Affero General Public License v3"], "GNU Affero General Public License v3"),
        (["Classifier: Private :: Do Not Upload"], ""),
    ],
)
def test_a_licence_that_is_not_allowed_is_not_taken_for_one_that_is(tmp_path: Path, told: list[str], expression: str) -> None:
    (tmp_path / "METADATA").write_text("\n".join(["Metadata-Version: 2.4", "Name: odd", "Version: 1", *told, ""]), encoding="utf-8")
    assert licence(PathDistribution(tmp_path)) == expression
    assert not allowed(expression)
