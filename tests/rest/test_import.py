"""Definitions by REST: imported with an API, exported from one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from apis.models import Api, Operation
from tests.apis.documents import PETS, TEXT, site
from tests.apis.test_definitions import DOCUMENTS, EXPECTED
from tests.rest.conftest import Wire, read, targets

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
SENT = {"format": "openapi+json", "value": TEXT, "path": "pets"}
OPERATIONS = {"listPets": "GET /pets", "get-pets-petid": "GET /pets/{petId}", "find": "GET /find?q={q}"}


def stored() -> dict[str, str]:
    return {one.name: str(one) for one in Operation.objects.all()}


def test_an_api_comes_with_its_definition(wire: Wire) -> None:
    answer = wire.put("apis/pets", SENT)
    assert answer.status_code == 201, answer.content
    shown = read(answer)["properties"]
    assert (shown["displayName"], shown["serviceUrl"], shown["description"]) == ("Pets", "https://pets.example.com/v1", "All pets.")
    assert {"format", "value"} & set(shown) == set()
    assert stored() == OPERATIONS
    assert "Security schemes are left out: key" in answer["Warning"]


def test_the_address_that_a_definition_gave_stays_until_another_is_said(wire: Wire) -> None:
    wire.put("apis/pets", SENT)
    assert wire.put("apis/pets", {"displayName": "Pets", "path": "pets"}).status_code == 200
    shown = read(wire.get("apis/pets"))["properties"]
    assert (shown["serviceUrl"], shown["description"]) == ("https://pets.example.com/v1", None)
    wire.put("apis/pets", {"displayName": "Pets", "path": "pets", "serviceUrl": "", "description": ""})
    shown = read(wire.get("apis/pets"))["properties"]
    assert (shown["serviceUrl"], shown["description"]) == (None, None)


def test_operations_show_what_the_document_says_of_them(wire: Wire) -> None:
    wire.put("apis/pets", SENT)
    shown = read(wire.get("apis/pets/operations/get-pets-petid"))["properties"]
    assert shown["templateParameters"] == [{"name": "petId", "type": "integer", "required": True, "values": []}]
    one = {"statusCode": 200, "description": "One", "representations": [{"contentType": "application/json"}], "headers": []}
    assert shown["responses"] == [one]


@pytest.mark.parametrize("form", ["openapi", "openapi+json", "OpenAPI"])
def test_what_is_sent_counts_more_than_the_document(wire: Wire, form: str) -> None:
    sent = {"displayName": "Ours", "serviceUrl": "https://ours.example.com", "description": "Our pets.", "subscriptionRequired": False}
    assert wire.put("apis/pets", SENT | {"format": form} | sent).status_code == 201
    shown = read(wire.get("apis/pets"))["properties"]
    assert {name: shown[name] for name in sent} == sent


@pytest.mark.parametrize("form", ["openapi-link", "openapi+json-link", "swagger-link-json"])
def test_a_link_is_followed_under_the_address_rules(wire: Wire, form: str) -> None:
    with site() as there:
        there.documents["/pets.json"] = TEXT
        assert wire.put("apis/pets", SENT | {"format": form, "value": f"{there.url}/pets.json"}).status_code == 201
    assert stored() == OPERATIONS


def test_older_versions_call_it_content(wire: Wire) -> None:
    wire.version = "2018-01-01"
    assert wire.put("apis/pets", {"contentFormat": "openapi+json", "contentValue": TEXT, "path": "pets"}).status_code == 201
    assert stored() == OPERATIONS


def test_required_query_parameters_may_stay_out_of_templates(wire: Wire) -> None:
    wire.put("apis/pets", SENT | {"translateRequiredQueryParameters": "query"})
    assert stored()["find"] == "GET /find"
    shown = read(wire.get("apis/pets/operations/find"))["properties"]
    assert shown["request"]["queryParameters"] == [{"name": "q", "type": "string", "required": True, "values": []}]


def test_a_later_definition_changes_the_operations_and_keeps_their_names(wire: Wire) -> None:
    wire.put("apis/pets", SENT | {"serviceUrl": "https://ours.example.com"})
    paths: dict[str, Any] = {"/pets": {"get": {"operationId": "renamed", "summary": "All"}}, "/new": {"put": {}}}
    answer = wire.put("apis/pets", {"format": "openapi", "value": yaml.safe_dump(PETS | {"paths": paths})})
    assert answer.status_code == 200, answer.content
    assert stored() == {"listPets": "GET /pets", "put-new": "PUT /new"}
    shown = read(answer)["properties"]
    assert (shown["path"], shown["serviceUrl"]) == ("pets", "https://ours.example.com")
    assert wire.put("apis/pets", {"displayName": "Pets", "path": "pets"}).status_code == 200
    assert len(stored()) == 2


def test_the_etag_is_that_of_the_api_as_it_is_then(wire: Wire) -> None:
    wire.put("apis/pets", SENT)
    answer = wire.put("apis/pets", SENT, If_Match=wire.get("apis/pets")["ETag"])
    assert answer["ETag"] == wire.get("apis/pets")["ETag"]
    assert wire.put("apis/pets", SENT, If_Match='"old"').status_code == 412


@pytest.mark.parametrize("form", ["wsdl", "wsdl-link", "wadl-xml", "wadl-link-json", "graphql-link", "odata", "grpc", "none"])
def test_other_formats_are_refused_by_name(wire: Wire, form: str) -> None:
    answer = wire.put("apis/pets", SENT | {"format": form})
    assert targets(answer) == ["format"]
    assert form in read(answer)["error"]["details"][0]["message"]
    assert "openapi-link" in read(answer)["error"]["details"][0]["message"]
    assert not Api.objects.exists()


def test_a_definition_belongs_to_a_whole_api(wire: Wire) -> None:
    wire.put("apis/pets", SENT)
    assert targets(wire.patch("apis/pets", SENT, If_Match="*")) == ["format"]


def test_a_server_that_may_not_be_called_is_left_out(wire: Wire) -> None:
    answer = wire.put("apis/pets", SENT | {"value": json.dumps(PETS | {"servers": [{"url": "http://169.254.169.254/"}]})})
    assert answer.status_code == 201
    assert read(answer)["properties"]["serviceUrl"] is None
    assert "The server http://169.254.169.254/ is left out" in answer["Warning"]


def test_a_large_definition_is_taken(wire: Wire) -> None:
    large = json.dumps(PETS | {"x-large": "x" * 3_000_000})
    assert wire.put("apis/pets", SENT | {"value": large}).status_code == 201
    assert wire.put("apis/pets", SENT | {"value": "x" * 6_500_000}).status_code == 413


@pytest.mark.parametrize(
    ("form", "shown", "kind"),
    [
        ("openapi-link", "openapi-link", "openapi: 3.0.3"),
        ("openapi%2Bjson-link", "openapi+json-link", '"openapi": "3.0.3"'),
        ("openapi+json-link", "openapi+json-link", '"openapi": "3.0.3"'),
        ("swagger-link", "swagger-link-json", '"swagger": "2.0"'),
    ],
)
def test_an_export_is_a_link_that_anybody_may_follow_for_a_while(wire: Wire, client: Client, form: str, shown: str, kind: str) -> None:
    wire.put("apis/pets", SENT)
    answer = read(wire.get(f"apis/pets?export=true&format={form}"))
    assert answer["id"].endswith("/apis/pets")
    assert (answer["format"], answer["properties"]["format"]) == (shown, shown)
    assert answer["properties"]["value"] == answer["value"]
    document = client.get(answer["value"]["link"].removeprefix("http://testserver"))
    assert kind in document.content.decode()
    assert client.get(answer["value"]["link"].removeprefix("http://testserver")[:-1]).status_code == 404


@pytest.mark.parametrize(("form", "put"), [("openapi", "openapi"), ("openapi%2Bjson", "openapi+json"), ("swagger-json", "swagger-json")])
def test_an_export_put_again_changes_nothing(wire: Wire, form: str, put: str) -> None:
    wire.put("apis/pets", SENT)
    before = read(wire.get("apis/pets/operations"))
    exported = read(wire.get(f"apis/pets?export=true&format={form}"))["value"]
    assert wire.put("apis/pets", {"format": put, "value": exported, "serviceUrl": "https://pets.example.com/v1"}).status_code == 200
    assert read(wire.get("apis/pets/operations")) == before


def text_of(path: Path) -> str:
    """Return a document as a client sends it: as text, whatever its bytes were."""
    data = path.read_bytes()
    return data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_whatever_was_imported_is_exported_and_comes_back_as_it_was(wire: Wire, path: Path) -> None:
    made = wire.put("apis/one", {"format": "openapi", "value": text_of(path), "path": "one"})
    assert made.status_code == 201, made.content
    expected = EXPECTED[path.name]
    assert (read(made)["properties"]["displayName"], len(stored())) == (expected["title"], len(expected["operations"]))
    assert bool(expected["left_out"]) <= made.has_header("Warning")
    before = {one["name"]: one["properties"] for one in read(wire.get("apis/one/operations"))["value"]}
    exported = read(wire.get("apis/one?export=true&format=openapi%2Bjson"))["value"]
    assert wire.delete("apis/one").status_code == 204
    assert wire.put("apis/one", {"format": "openapi+json", "value": exported, "path": "one"}).status_code == 201
    after = {one["name"]: one["properties"] for one in read(wire.get("apis/one/operations"))["value"]}
    told = ("displayName", "method", "urlTemplate", "description")
    assert {name: {key: one[key] for key in told} for name, one in after.items()} == {
        name: {key: one[key] for key in told} for name, one in before.items()
    }


@pytest.mark.parametrize("form", ["wsdl-link", "wadl-link", "", "json"])
def test_an_export_in_another_format_is_refused_by_name(wire: Wire, form: str) -> None:
    wire.put("apis/pets", SENT)
    assert targets(wire.get(f"apis/pets?export=true&format={form}")) == ["format"]
    assert wire.get("apis/none?export=true&format=openapi").status_code == 404
