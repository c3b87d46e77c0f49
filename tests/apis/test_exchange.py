"""APIs → Import, and Operations → Import and Export: the pages."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apis.models import Api, Operation
from apis.policies.actions import put_operation_document
from portal.models import Activity, Event
from tests.apis.documents import PETS, TEXT, site
from tests.makers import make_api

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
NEW, INTO = "/apis/new/import/", "/apis/pets/operations/new/import/"
SOURCE = {"query_in_template": "on"}
OPERATIONS = {("listPets", "GET", "/pets"), ("get-pets-petid", "GET", "/pets/{petId}"), ("find", "GET", "/find?q={q}")}
SETTINGS = {"display_name": "Pets", "service_url": "https://pets.example.com/v1", "path": "pets", "subscription_required": "on"}


def hidden(page: str) -> dict[str, str]:
    """Return what a page brings back that nobody sees."""
    fields = (dict(re.findall(r'(name|value)="([^"]*)"', tag)) for tag in re.findall(r'<input type="hidden"[^>]*>', page))
    return {one["name"]: one.get("value", "") for one in fields if one["name"] != "csrfmiddlewaretoken"}


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).split())


def stored() -> set[tuple[str, str, str]]:
    return set(Operation.objects.values_list("name", "method", "url_template"))


def changed(**paths: Any) -> str:
    return json.dumps(PETS | {"paths": {**PETS["paths"], **paths}})  # type: ignore[dict-item]


@pytest.fixture
def pets(signed_in: Client) -> Api:
    """Return an API that was imported."""
    preview = signed_in.post(NEW, SOURCE | {"document": TEXT}).content.decode()
    signed_in.post(NEW, hidden(preview) | SETTINGS)
    return Api.objects.get()


def test_a_preview_shows_what_comes_and_what_does_not_and_stores_nothing(signed_in: Client) -> None:
    answer = signed_in.post(NEW, SOURCE | {"document": TEXT})
    words = text_of(answer.content.decode())
    assert answer.status_code == 200
    assert "3 operations" in words
    assert "/find?q={q}" in words
    assert "Security schemes are left out: key" in words
    assert 'value="https://pets.example.com/v1"' in answer.content.decode()
    assert not Api.objects.exists()


def test_a_confirmed_preview_becomes_an_api(signed_in: Client, pets: Api) -> None:
    assert (pets.name, pets.service_url, pets.path) == ("pets", "https://pets.example.com/v1", "pets")
    assert stored() == OPERATIONS
    line = Activity.objects.latest("id")
    assert (line.event, line.details["added"]) == (Event.API_IMPORTED, 3)
    assert "imported the operations" in text_of(signed_in.get("/activity/").content.decode())


def test_a_file_and_a_url_are_taken_as_well(signed_in: Client) -> None:
    upload = SimpleUploadedFile("pets.yaml", yaml.safe_dump(PETS).encode("utf-16"))
    assert "3 operations" in text_of(signed_in.post(NEW, SOURCE | {"file": upload}).content.decode())
    with site() as there:
        there.documents["/v1/pets.json?a=b"] = json.dumps(PETS | {"servers": [{"url": "../v2"}]})
        page = signed_in.post(NEW, SOURCE | {"url": f"{there.url}/v1/pets.json?a=b#top"}).content.decode()
        there.documents["/pets.json?q=a%20%C3%BC%2F"] = TEXT
        assert signed_in.post(NEW, SOURCE | {"url": f"{there.url}/pets.json?q=a ü%2F"}).status_code == 200
    assert f'value="{there.url}/v2"' in page


def test_without_the_box_required_query_parameters_stay_out_of_the_template(signed_in: Client) -> None:
    preview = signed_in.post(NEW, {"document": TEXT}).content.decode()
    signed_in.post(NEW, hidden(preview) | SETTINGS)
    assert ("find", "GET", "/find") in stored()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Give one of them"),
        ({"document": TEXT, "url": "https://example.com"}, "Give one of them"),
        ({"document": "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/'/>"}, "This is WSDL."),
        ({"document": "openapi: 3.0.0\npaths:\n\t/a: {}"}, "line 3"),
        ({"url": "https://169.254.169.254/openapi.json"}, "metadata service"),
        ({"url": "ftp://example.com/a"}, "by no other scheme"),
        ({"url": "http://127.0.0.1:1/a"}, "cannot be reached"),
    ],
)
def test_a_document_that_cannot_be_read_is_told_at_its_field(signed_in: Client, sent: dict[str, str], words: str) -> None:
    answer = signed_in.post(NEW, SOURCE | sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    shown = html.unescape(answer.content.decode())
    assert all(value.splitlines()[0] in shown for value in sent.values())
    assert not Api.objects.exists()


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/", "file:///etc/passwd"])
def test_a_redirect_leads_to_no_refused_place(signed_in: Client, target: str) -> None:
    with site() as there:
        there.redirects["/a"] = target
        answer = signed_in.post(NEW, SOURCE | {"url": f"{there.url}/a"})
    assert answer.status_code == 422
    assert not Api.objects.exists()


def test_redirects_end_somewhere(signed_in: Client) -> None:
    with site() as there:
        there.redirects |= {"/a": "/b", "/b": "/pets.json", "/round": "/round"}
        there.documents["/pets.json"] = TEXT
        assert signed_in.post(NEW, SOURCE | {"url": f"{there.url}/a"}).status_code == 200
        assert "on and on" in signed_in.post(NEW, SOURCE | {"url": f"{there.url}/round"}).content.decode()
        there.documents["/large"] = b"#" * (4 * 1024 * 1024 + 1)
        assert "larger than 4 MiB" in signed_in.post(NEW, SOURCE | {"url": f"{there.url}/large"}).content.decode()
        assert "status 404" in signed_in.post(NEW, SOURCE | {"url": f"{there.url}/none"}).content.decode()


def test_nothing_that_a_document_refers_to_is_fetched(signed_in: Client) -> None:
    with site() as there:
        there.documents["/pets.json"] = changed(**{"/more": {"$ref": f"{there.url}/more.json"}})
        answer = signed_in.post(NEW, SOURCE | {"url": f"{there.url}/pets.json"})
        assert there.asked == ["/pets.json"]
    assert f"{there.url}/more.json" in text_of(answer.content.decode())


def test_a_mistake_in_the_settings_keeps_the_document(signed_in: Client) -> None:
    preview = signed_in.post(NEW, SOURCE | {"document": TEXT}).content.decode()
    refused = signed_in.post(NEW, hidden(preview) | SETTINGS | {"service_url": "nonsense"})
    assert refused.status_code == 422
    assert "3 operations" in text_of(refused.content.decode())
    assert signed_in.post(NEW, hidden(refused.content.decode()) | SETTINGS).status_code == 303
    assert stored() == OPERATIONS


@pytest.mark.parametrize("kept", ["nonsense", "AAAA", "", "eJwDAAAAAAE="])
def test_a_document_that_was_meddled_with_is_asked_for_again(signed_in: Client, kept: str) -> None:
    answer = signed_in.post(NEW, {"kept": kept} | SETTINGS, follow=True)
    assert answer.redirect_chain == [(NEW, 303)]
    assert not Api.objects.exists()


def test_a_later_document_shows_its_difference_first(signed_in: Client, pets: Api) -> None:
    later = json.loads(changed(**{"/pets": {"get": {"operationId": "all", "summary": "All"}}, "/new": {"post": {}}}))
    del later["paths"]["/find"]
    page = signed_in.post(INTO, SOURCE | {"document": json.dumps(later)}).content.decode()
    assert "1 added, 1 changed, 1 not in the document, 1 as they are." in text_of(page)
    assert "Would stop working" in page
    assert stored() == OPERATIONS
    signed_in.post(INTO, hidden(page) | {"delete_missing": "on"})
    assert stored() == {("listPets", "GET", "/pets"), ("get-pets-petid", "GET", "/pets/{petId}"), ("post-new", "POST", "/new")}
    assert pets.operations.get(name="listPets").display_name == "All"
    assert Activity.objects.latest("id").changes == {"operations": [["GET /find?q={q}", "GET /pets"], ["GET /pets", "POST /new"]]}


def test_operations_that_a_document_lacks_may_stay(signed_in: Client, pets: Api) -> None:
    page = signed_in.post(INTO, SOURCE | {"document": json.dumps(PETS | {"paths": {"/new": {"post": {}}}})}).content.decode()
    signed_in.post(INTO, hidden(page))
    assert stored() == OPERATIONS | {("post-new", "POST", "/new")}
    assert pets.operations.count() == 4


def test_the_difference_is_shown_anew_if_the_api_was_changed_meanwhile(signed_in: Client, pets: Api) -> None:
    page = signed_in.post(INTO, SOURCE | {"document": TEXT}).content.decode()
    signed_in.post("/apis/pets/operations/new/", {"display_name": "Late", "method": "PUT", "url_template": "/late"})
    answer = signed_in.post(INTO, hidden(page) | {"delete_missing": "on"})
    assert answer.status_code == 409
    assert "PUT" in text_of(answer.content.decode())
    assert pets.operations.count() == 4
    assert signed_in.post(INTO, hidden(answer.content.decode()) | {"delete_missing": "on"}).status_code == 303
    assert stored() == OPERATIONS


def test_a_document_that_the_policy_of_an_operation_does_not_fit_is_refused_naming_it(signed_in: Client, pets: Api) -> None:
    text = '<policies><inbound><rewrite-uri template="/{petId}" /></inbound></policies>'
    put_operation_document(pets.operations.get(name="get-pets-petid"), text, by=None, now=timezone.now())
    page = signed_in.post(INTO, SOURCE | {"document": TEXT.replace("petId", "id")}).content.decode()
    answer = signed_in.post(INTO, hidden(page) | {"delete_missing": "on"})
    assert answer.status_code == 422
    assert "has no parameter {petId}" in text_of(answer.content.decode())
    assert stored() == OPERATIONS
    pets.operations.update(document="")
    assert signed_in.post(INTO, hidden(answer.content.decode()) | {"delete_missing": "on"}).status_code == 303
    assert ("get-pets-petid", "GET", "/pets/{id}") in stored()


@pytest.mark.parametrize("kind", ["openapi", "openapi%2Bjson", "swagger"])
def test_an_export_imported_again_changes_nothing(signed_in: Client, pets: Api, kind: str) -> None:
    exported = signed_in.get(f"/apis/{pets.name}/export/?format={kind}")
    assert exported["Content-Disposition"].startswith('attachment; filename="pets.')
    upload = SimpleUploadedFile("pets", exported.content)
    words = text_of(signed_in.post(INTO, SOURCE | {"file": upload}).content.decode())
    assert "0 added, 0 changed, 0 not in the document, 3 as they are." in words
    assert "Not as the specification says" not in words


def test_an_export_tells_what_the_document_told(signed_in: Client, pets: Api) -> None:
    found = yaml.safe_load(signed_in.get(f"/apis/{pets.name}/export/").content)
    assert found["servers"] == [{"url": "http://127.0.0.1:8080/pets"}]
    one = found["paths"]["/pets/{petId}"]["get"]
    assert one["parameters"] == [{"name": "petId", "in": "path", "required": True, "schema": {"type": "integer"}}]
    assert one["responses"] == {"200": {"description": "One", "content": {"application/json": {}}}}
    assert found["security"] == [{"apiKeyHeader": []}, {"apiKeyQuery": []}]


def test_the_cost_of_an_import_does_not_grow_with_its_operations(signed_in: Client) -> None:
    def queries(number: int) -> int:
        make_api(f"api-{number}")
        paths: dict[str, Any] = {f"/{one}/{{id}}": {"get": {}, "put": {}} for one in range(number)}
        page = signed_in.post(f"/apis/api-{number}/operations/new/import/", SOURCE | {"document": json.dumps(PETS | {"paths": paths})})
        with CaptureQueriesContext(connection) as counted:
            signed_in.post(f"/apis/api-{number}/operations/new/import/", hidden(page.content.decode()) | {"delete_missing": "on"})
        assert Operation.objects.filter(api__name=f"api-{number}").count() == 2 * number
        return len(counted)

    assert queries(100) <= queries(3) + 2
