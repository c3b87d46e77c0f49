"""The bill of materials is CycloneDX, and holds all that the product is made of."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest

import install
from supply.bill import bill, hashes_in
from supply.distributions import of_the_product
from supply.lock import PRODUCT

SCHEMAS = files("cyclonedx.schema") / "_res"


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.SNAPSHOT.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made() -> Any:
    lock = install.lock_of(PRODUCT).read_text(encoding="utf-8")
    return json.loads(bill(of_the_product(), hashes_in(lock)))


def test_it_is_cyclonedx(made: Any) -> None:
    named = [(f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", schema(name)) for name in ("spdx", "jsf-0.82")]
    registry = jsonschema_rs.Registry(named)
    validator = jsonschema_rs.validator_for(schema("bom-1.6"), registry=registry)
    assert [error.message for error in validator.iter_errors(made)] == []
    assert not validator.is_valid({**made, "components": [{"name": "without a type"}]})


def test_it_holds_every_component_with_its_licence_and_the_hashes_of_its_files(made: Any) -> None:
    told = {one["name"]: one for one in made["components"]}
    assert sorted(told) == [component.name for component in of_the_product()]
    assert [name for name, one in told.items() if not one["licenses"] or not one["externalReferences"][0]["hashes"]] == []


def test_it_says_what_needs_what(made: Any) -> None:
    needs = {one["ref"].partition("@")[0]: {to.partition("@")[0] for to in one.get("dependsOn", ())} for one in made["dependencies"]}
    assert needs["pkg:pypi/django"] == {"pkg:pypi/asgiref", "pkg:pypi/sqlparse"}
    assert "pkg:pypi/psycopg-binary" in needs["pkg:pypi/psycopg"]
