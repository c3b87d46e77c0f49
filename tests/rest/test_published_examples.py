"""The example requests that the maker of the API publishes (version 2020-12-01), sent as they are, also as of a newer version.

Those of the kinds that the portal has are answered field by field as published, or refused by the name of what it lacks; those of other
kinds find empty lists and nothing to delete.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import override_settings

from tests.apis.documents import site
from tests.makers import issue, make_certificate
from tests.rest.conftest import Wire, read
from tests.rest.test_recorded_sequences import pfx

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

CASES = Path(__file__).resolve().parent / "cases"
VERSIONS = ("2020-12-01", "2024-05-01")
API = {"displayName": "Echo API", "serviceUrl": "http://echoapi.cloudapp.net/api", "path": "echo", "protocols": ["https"]}
OPERATION = {"displayName": "Get", "method": "GET", "urlTemplate": "/"}
POLICY = {"value": "<policies><inbound><base /></inbound></policies>"}
SUBSCRIPTION = {"displayName": "testsub", "scope": "/apis"}
NAMED_VALUE = {"displayName": "propName", "value": "propValue", "secret": False}
BACKEND = {"url": "https://backendname2644/", "protocol": "http"}
_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "apiId": ("apis", API),
    "operationId": ("operations", OPERATION),
    "sid": ("subscriptions", SUBSCRIPTION),
    "backendId": ("backends", BACKEND),
    "certificateId": ("certificates", {}),
    "productId": ("products", {}),
    "policyId": ("policies", POLICY),
    "namedValueId": ("namedValues", NAMED_VALUE),
    "schemaId": ("schemas", {}),
}
_VERBS = {"Create": "PUT", "Delete": "DELETE", "Get": "GET", "Head": "HEAD", "List": "GET", "Update": "PATCH"}
_LISTS = ("products", "apis", "operations", "policies", "subscriptions", "backends", "certificates", "namedValues", "schemas", "revisions")
_ACTIONS = {
    "BackendReconnect": "reconnect",
    "NamedValueListValue": "listValue",
    "RefreshCertificate": "refreshSecret",
    "RefreshNamedValue": "refreshSecret",
    "SubscriptionListSecrets": "listSecrets",
    "SubscriptionRegeneratePrimaryKey": "regeneratePrimaryKey",
    "SubscriptionRegenerateSecondaryKey": "regenerateSecondaryKey",
}
_SPECIAL = {
    "GetReportsByProduct": "reports/byProduct",
    "GetReportsBySubscription": "reports/bySubscription",
    "ListApisByTags": "apisByTags",
    "ListApiOperationsByTags": "apis/a1/operationsByTags",
}
# What is not told by the example itself: real certificates have their own fields, and moments are when they are.
_ANY = {
    "thumbprint",
    "subject",
    "expirationDate",
    "createdDate",
    "createdDateTime",
    "updatedDateTime",
    "primaryKey",
    "secondaryKey",
    "link",
}

ANSWERED = (
    *("CreateApi", "CreateApiOperation", "CreateApiPolicy", "CreateCertificate"),
    *("DeleteApi", "DeleteApiOperation", "DeleteBackend", "DeleteCertificate", "DeleteSubscription"),
    *("CreateApiUsingOai3Import", "CreateApiUsingSwaggerImport", "GetApiExportInOpenApi2dot0", "GetApiExportInOpenApi3dot0"),
    *("GetApiOperation", "GetApiOperationPetStore", "UpdateApi", "UpdateBackend", "UpdateSubscription"),
    *("HeadApi", "HeadApiOperation", "HeadApiPolicy", "HeadBackend", "HeadCertificate", "HeadSubscription"),
    *("ListCertificates", "ListBackends", "ListSubscriptions", "ListApiRevisions"),
    *(
        "CreateNamedValue",
        "DeleteNamedValue",
        "GetNamedValue",
        "HeadNamedValue",
        "ListNamedValues",
        "NamedValueListValue",
        "UpdateNamedValue",
        "GetPolicy",
    ),
    *("DeleteApiOperationPolicy", "HeadApiOperationPolicy", "HeadPolicy", "ListApiOperationPolicies"),
    *("SubscriptionListSecrets", "SubscriptionRegeneratePrimaryKey", "SubscriptionRegenerateSecondaryKey"),
)
REFUSED = {  # and the word that must stand in the refusal
    "CreateApiNewVersionUsingExistingApi": "versions",
    "CreateApiRevisionFromExistingApi": "revision",
    "CreateApiUsingWadlImport": "format",
    "CreateSoapPassThroughApiUsingWsdlImport": "format",
    "GetApiRevision": "revision",
    "CreateApiPolicyNonXmlEncoded": "Expressions",
    "CreateNamedValueWithKeyVault": "key vault",
    "RefreshNamedValue": "key vault",
    "CreateBackendProxyBackend": "proxy",
    "BackendReconnect": "connection",
    "CreateCertificateWithKeyVault": "key vault",
    "RefreshCertificate": "key vault",
    "CreateSubscription": "products",
}
# Of entities that another answer has made: with key vaults, service fabric, elements of policies that are refused when they are put.
OF_REFUSED = ("GetApiPolicy", "GetBackend", "GetCertificateWithKeyVault", "GetNamedValueWithKeyVault")


def example(name: str) -> dict[str, Any]:
    return dict(json.loads((CASES / f"{name}.json").read_text(encoding="utf-8")))


EXAMPLES = sorted(path.stem for path in CASES.glob("*.json"))
OTHERS = sorted(set(EXAMPLES) - {*ANSWERED, *REFUSED, *OF_REFUSED})


def address(name: str, parameters: dict[str, Any]) -> str:
    """Return the address below the service that the example is of."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    product_first = "productId" in parameters and "apiId" in parameters
    kinds = ["productId", "apiId"] if product_first else [kind for kind in _KINDS if kind in parameters]
    words = [word for kind in kinds for word in (_KINDS[kind][0], str(parameters[kind]))]
    if name in _ACTIONS:
        words.append(_ACTIONS[name])
    if name.startswith("List"):
        last = re.findall(r"[A-Z][a-z]+", name)[-1]
        words.append(next(kind for kind in _LISTS if kind.lower() == last.lower() or kind.lower().endswith(last.lower())))
    query = [f"{key}={parameters[key]}" for key in ("format", "export", "$filter") if key in parameters]
    return "/".join(words) + (f"?{'&'.join(query)}" if query else "")


def send(wire: Wire, name: str, store: str = "") -> HttpResponse:
    parameters = example(name)["parameters"]
    verb = "POST" if name in _ACTIONS else next(verb for word, verb in _VERBS.items() if name.startswith(word))
    body = parameters.get("parameters", b"")
    headers = {"If_Match": "*"} if parameters.get("If-Match") else {}
    if name == "CreateCertificate":
        body = {"properties": pfx("published")}
    if store and name.endswith("Import"):  # from a server of this machine
        link = body["properties"]["value"]
        body = {"properties": body["properties"] | {"value": f"{store}/{'v2/swagger.json' if 'v2' in link else 'petstore.yaml'}"}}
    return wire.request(verb, address(name, parameters), body, **headers)


def prepare(wire: Wire, name: str) -> None:
    """Make what the example takes for granted: its parents, and the entity that it reads or changes, with what is to be read of it."""
    parameters, answers = example(name)["parameters"], example(name)["responses"]
    path = ""
    for kind in [kind for kind in _KINDS if kind in parameters]:
        segment, properties = _KINDS[kind]
        path = f"{path}/{segment}/{parameters[kind]}".removeprefix("/")
        if name.startswith("Create") and path == address(name, parameters):
            return
        shown = (answers.get("200") or {}).get("body", {}).get("properties", {}) if name.startswith("Get") else {}
        own = segment == "operations" or path == address(name, parameters)
        if segment == "certificates":
            make_certificate(str(parameters[kind]), issue(str(parameters[kind])))
        elif segment in {"apis", "operations", "policies", "subscriptions", "backends", "namedValues"}:
            made = wire.put(path, {**properties, **(shown if own else {})})
            assert made.status_code in {200, 201}, made.content


def differences(published: Any, answered: Any, place: str = "") -> list[str]:
    """Return where a published answer holds something that ours does not; ours may hold more."""
    if isinstance(published, dict) and isinstance(answered, dict):
        checked = [key for key in published if not (key in _ANY and key in answered)]
        return [one for key in checked for one in differences(published[key], answered.get(key), f"{place}/{key}")]
    if isinstance(published, list) and isinstance(answered, list) and not all(isinstance(one, str) for one in published):
        pairs = enumerate(zip_longest(published, answered))
        return [one for index, pair in pairs for one in differences(*pair, f"{place}/{index}")]
    return [] if comparable(published) == comparable(answered) else [f"{place}: {answered!r}"]


def comparable(value: Any) -> Any:
    """Return what counts of a value: not the order of words, nor blanks in documents, nor case in ids; nothing is an empty text."""
    if isinstance(value, list):
        return sorted(value)
    if isinstance(value, str) and "<policies>" in value:
        return "".join(value.split())
    return value.lower() if isinstance(value, str) and value.startswith("/subscriptions/") else value or ""


@pytest.fixture
def store() -> Iterator[str]:
    """Serve the documents that the examples import: as the published ones in what the answers show."""
    swagger = {"swagger": "2.0", "host": "petstore.swagger.io", "basePath": "/v2", "schemes": ["http"], "paths": {"/pet": {"get": {}}}}
    described = example("CreateApiUsingSwaggerImport")["responses"]["201"]["body"]["properties"]["description"]
    with site() as there:
        there.documents["/v2/swagger.json"] = json.dumps(swagger | {"info": {"title": "Swagger Petstore", "description": described}})
        there.documents["/petstore.yaml"] = (
            "openapi: 3.0.0\ninfo: {title: Swagger Petstore}\nservers: [url: http://petstore.swagger.io/v1]\npaths: {/pets: {get: {}}}"
        )
        yield there.url


@pytest.fixture(params=VERSIONS)
def published(request: pytest.FixtureRequest, wire: Wire) -> Iterator[Wire]:
    """Return a client that calls the service of the examples."""
    wire.version = request.param
    wire.prefix = "/management/subscriptions/subid/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/apimService1"
    with override_settings(PORTAL_SERVICE_NAME="apimService1"):
        yield wire


@pytest.mark.parametrize("name", ANSWERED)
def test_a_published_example_is_answered_as_published(published: Wire, name: str, store: str) -> None:
    prepare(published, name)
    answer = send(published, name, store)
    expected = example(name)["responses"]
    assert str(answer.status_code) in expected, answer.content
    body = (expected[str(answer.status_code)] or {}).get("body")
    if body is None:
        assert answer.content == b""
        return
    shown = read(answer)
    if name.startswith("List"):
        assert {"value", "count", "nextLink"} <= set(shown)
        return
    if not str(body.get("id", "")).endswith(f"/{shown.get('name')}"):  # some examples answer for another entity than was asked for
        body = {key: value for key, value in body.items() if key not in {"id", "name"}}
    if name == "UpdateBackend":  # of the one whose making is refused; and the name is not checked without the chain
        body["properties"] = {key: value for key, value in body["properties"].items() if key not in {"credentials", "proxy", "tls"}}
    if name == "UpdateSubscription":  # of a product's
        body["properties"] = {key: value for key, value in body["properties"].items() if key not in {"scope", "state", "ownerId"}}
    assert differences(body, shown) == []


@pytest.mark.parametrize("name", REFUSED)
def test_an_example_of_what_the_portal_lacks_is_refused_by_its_name(published: Wire, name: str) -> None:
    if name not in {"GetApiRevision", "CreateApiRevisionFromExistingApi"}:
        prepare(published, name)
    answer = send(published, name)
    assert answer.status_code == 400, answer.content
    assert REFUSED[name] in json.dumps(read(answer)["error"])


@pytest.mark.parametrize("name", OTHERS)
def test_an_example_of_another_kind_finds_nothing_and_is_told_which(published: Wire, name: str) -> None:
    parameters = example(name)["parameters"]
    for parent in ("apiId", "operationId"):
        if parent in parameters and "productId" not in parameters:
            segment, properties = _KINDS[parent]
            path = f"apis/{parameters['apiId']}" + (f"/operations/{parameters[parent]}" if parent == "operationId" else "")
            assert published.put(path, properties).status_code in {200, 201}, segment
    answer = send(published, name)
    if "productId" in parameters and name.startswith("List"):  # of a product that is not there
        assert answer.status_code == 404
    elif name.startswith(("List", "GetReports")):
        assert read(answer) == {"value": [], "count": 0, "nextLink": None}
    elif name.startswith("Delete"):
        assert answer.status_code == 204
    elif name.startswith("Create"):
        assert answer.status_code == 400
        assert "kind" in read(answer)["error"]["details"][0]["message"]
    else:
        assert answer.status_code in {400, 404}


def test_every_published_example_has_its_place() -> None:
    assert len(EXAMPLES) == len({*ANSWERED, *REFUSED, *OF_REFUSED, *OTHERS})
    assert len(ANSWERED) + len(REFUSED) + len(OF_REFUSED) + len(OTHERS) == len(EXAMPLES)
