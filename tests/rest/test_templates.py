"""Operations and APIs as tools write them who know OpenAPI and OData: templates, parameters, the root of the gateway."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.makers import make_api
from tests.rest.conftest import Wire

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.mark.parametrize(
    ("template", "kept", "names"),
    [
        ("/Orders({id})", "/Orders({id})", ["id"]),
        ("/{name}.json", "/{name}.json", ["name"]),
        ("/{a}-{b}", "/{a}-{b}", ["a", "b"]),
        ("orders/{id}:cancel", "orders/{id}:cancel", ["id"]),
        ("/{*rest}", "/{*rest}", []),
        ("/o/{id}?q={q}&v=1", "/o/{id}?q={q}&v=1", ["id", "q"]),
        ("", "/", []),
    ],
)
def test_a_template_is_kept_with_its_parameters(wire: Wire, template: str, kept: str, names: list[str]) -> None:
    make_api("orders", everything=False)
    made = wire.put("apis/orders/operations/one", {"displayName": "One", "method": "GET", "urlTemplate": template})
    assert made.status_code == 201, made.content
    properties = json.loads(made.content)["properties"]
    assert properties["urlTemplate"] == kept
    assert [one["name"] for one in properties["templateParameters"]] == names


@pytest.mark.parametrize("name", ["rest", "*rest"])
def test_the_rest_of_a_path_may_be_described(wire: Wire, name: str) -> None:
    make_api("orders", everything=False)
    described: list[dict[str, Any]] = [{"name": name, "type": "string", "description": "What follows"}]
    body = {"displayName": "One", "method": "GET", "urlTemplate": "/{*rest}", "templateParameters": described}
    made = wire.put("apis/orders/operations/one", body)
    assert json.loads(made.content)["properties"]["templateParameters"][0]["description"] == "What follows"


def test_an_api_stands_at_the_root_of_the_gateway(wire: Wire) -> None:
    body = {"displayName": "Root", "path": "", "serviceUrl": "https://root.example.com", "protocols": ["https"]}
    assert wire.put("apis/root", body).status_code == 201
    assert json.loads(wire.get("apis/root").content)["properties"]["path"] == ""
    assert wire.put("apis/second", body).status_code == 400
