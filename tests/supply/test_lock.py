"""Lock files agree with the lists that they were made from, and pin every file by its hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import install
from supply.distributions import of_the_product, requirement_lines
from supply.lock import DEVELOPERS, PRODUCT

LISTS = pytest.mark.parametrize("requirements", [PRODUCT, DEVELOPERS], ids=lambda path: path.name)


def pins_of(requirements: Path) -> list[Requirement]:
    lines = install.lock_of(requirements).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [Requirement(line.partition("--hash")[0]) for line in lines if not line.startswith("#")]


def pinned(requirements: Path) -> dict[str, Requirement]:
    """Return the pins by name; of several for different Pythons the one for this."""
    pins = sorted(pins_of(requirements), key=lambda pin: pin.marker is None or pin.marker.evaluate())
    return {canonicalize_name(pin.name): pin for pin in pins}


def version(pin: Requirement) -> Version:
    (exactly,) = pin.specifier
    assert exactly.operator == "=="
    return Version(exactly.version)


@LISTS
def test_the_lock_was_made_from_the_list_as_it_is(requirements: Path) -> None:
    assert install.agrees(requirements), "make lock"


@LISTS
def test_every_requirement_is_pinned_to_a_version_that_it_takes(requirements: Path) -> None:
    pins = pinned(requirements)
    for wanted in map(Requirement, requirement_lines(requirements.read_text(encoding="utf-8"))):
        assert version(pins[canonicalize_name(wanted.name)]) in wanted.specifier, wanted


@LISTS
def test_every_pin_names_its_files_by_hash(requirements: Path) -> None:
    text = install.lock_of(requirements).read_text(encoding="utf-8")
    pins = re.split(r"^(?=[^\s#])", text, flags=re.MULTILINE)[1:]
    assert len(pins) == len(pins_of(requirements))
    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []


def test_developers_test_what_is_shipped() -> None:
    shipped, tested = pinned(PRODUCT), pinned(DEVELOPERS)
    assert {name: version(pin) for name, pin in shipped.items()} == {name: version(tested[name]) for name in shipped}


def test_nothing_is_locked_but_what_the_product_needs_and_all_of_that() -> None:
    here = {name: str(version(pin)) for name, pin in pinned(PRODUCT).items() if pin.marker is None or pin.marker.evaluate()}
    assert {component.name: component.version for component in of_the_product()} == here
