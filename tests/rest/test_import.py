"""Definitions by REST: imported with an API, exported from one."""

from __future__ import annotations

import json

import pytest

from tests.rest.conftest import Wire, read

pytestmark = pytest.mark.django_db

PETS = {
    "openapi": "3.0.1",
    "info": {"title": "Pets", "version": "1", "description": "All pets."},
    "servers": [{"url": "https://pets.example.com/v1"}],
    "paths": {
        "/pets": {"get": {"operationId": "listPets", "summary": "List", "responses": {"200": {"description": "All"}}}},
        "/pets/{petId}": {
            "parameters": [{"name": "petId", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {"responses": {"200": {"description": "One", "content": {"application/json": {}}}}},
        },
        "/find": {
            "get": {"operationId": "find", "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}]}
        },
    },
    "components": {"securitySchemes": {"key": {"type": "apiKey", "name": "k", "in": "header"}}},
}


def sent(document: object = PETS, **more: object) -> dict[str, object]:
    return {"format": "openapi+json", "value": json.dumps(document), "path": "pets", **more}


def test_an_api_comes_with_its_definition(wire: Wire) -> None:
    answer = wire.put("apis/pets", sent())
    assert answer.status_code == 201, answer.content
    shown = read(answer)["properties"]
    assert (shown["displayName"], shown["serviceUrl"], shown["description"]) == ("Pets", "https://pets.example.com/v1", "All pets.")
    found = {one["name"]: one["properties"] for one in read(wire.get("apis/pets/operations"))["value"]}
    assert {name: (one["method"], one["urlTemplate"]) for name, one in found.items()} == {
        "listPets": ("GET", "/pets"),
        "get-pets-petid": ("GET", "/pets/{petId}"),
        "find": ("GET", "/find?q={q}"),
    }
    assert found["get-pets-petid"]["templateParameters"][0] == {"name": "petId", "type": "integer", "required": True, "values": []}
    assert found["get-pets-petid"]["responses"][0]["representations"] == [{"contentType": "application/json"}]
    assert "Security schemes are left out: key" in answer["Warning"]
