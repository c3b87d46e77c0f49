"""Tools that compare what they read with what they wrote find no difference: Terraform's second plan, a copy into an empty portal."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.apis.documents import TEXT
from tests.makers import make_certificate
from tests.rest.conftest import S, Wire, read

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

POLICY = """<policies>
  <inbound>
    <authentication-certificate certificate-id="client" />
  </inbound>
  <backend>
    <forward-request timeout="120" />
  </backend>
</policies>
"""
STATEMENTS = """<policies>
  <inbound>
    <!-- as it was written -->
    <base />
    <set-header name="X-Stage" exists-action="override"><value>{{stage}}</value></set-header>
  </inbound>
</policies>
"""
# What the Terraform provider writes of each resource, and reads again before every plan.
RESOURCES: dict[str, dict[str, Any]] = {
    "namedValues/stage": {"displayName": "stage", "value": "test.example.com", "secret": False, "tags": ["a"]},
    "backends/stage": {"url": "https://{{stage}}/v1/", "protocol": "http", "description": "By a named value"},
    "backends/second": {"url": "https://second.example.com/v1", "protocol": "http"},
    "backends/pool": {
        "type": "Pool",
        "pool": {
            "services": [
                {"id": f"{S}/backends/stage", "weight": 3, "priority": 1},
                {"id": f"{S}/backends/second", "weight": 1, "priority": 2},
            ]
        },
    },
    "policies/policy": {"format": "rawxml", "value": STATEMENTS},
    "backends/plain": {"url": "https://plain.example.com", "protocol": "http", "tls": None, "credentials": None},
    "backends/checked": {
        "url": "https://checked.example.com",
        "protocol": "http",
        "tls": {"validateCertificateChain": True, "validateCertificateName": True},
        "credentials": {"certificateIds": [], "certificate": []},
    },
    "backends/orders": {
        "url": "https://Orders.Example.com/",
        "protocol": "http",
        "title": "Orders",
        "description": "",
        "tls": {"validateCertificateChain": True, "validateCertificateName": False},
        "credentials": {"certificateIds": [f"{S}/certificates/client"]},
    },
    "apis/orders;rev=1": {
        "apiRevision": "1",
        "type": "http",
        "apiType": "http",
        "displayName": "Orders",
        "description": "",
        "path": "orders",
        "protocols": ["https", "http"],
        "serviceUrl": "https://Orders.Example.com/V2/",
        "subscriptionRequired": True,
        "subscriptionKeyParameterNames": {"header": "X-Key", "query": "key"},
        "termsOfServiceUrl": "https://example.com/terms",
        "contact": {"email": "orders@example.com", "name": "Orders", "url": "https://example.com"},
        "license": {"name": "MIT", "url": "https://example.com/license"},
        "authenticationSettings": {},
    },
    "apis/unfinished;rev=1": {
        "apiRevision": "1",
        "type": "http",
        "displayName": "Unfinished",
        "path": "unfinished",
        "protocols": ["https"],
        "subscriptionRequired": False,
    },
    "apis/orders/operations/read": {
        "displayName": "Read an order",
        "description": "",
        "method": "GET",
        "urlTemplate": "/aufträge/{id}?full={full}",
        "templateParameters": [
            {"name": "id", "type": "string", "required": True, "description": "Which", "values": []},
            {"name": "full", "type": "boolean", "required": True, "values": ["true"]},
        ],
        "request": {"description": "Nothing", "headers": [], "queryParameters": [], "representations": []},
        "responses": [{"statusCode": 200, "description": "It", "headers": [], "representations": [{"contentType": "application/json"}]}],
    },
    "apis/staged;rev=1": {
        "apiRevision": "1",
        "type": "http",
        "displayName": "Staged",
        "path": "staged",
        "protocols": ["https"],
        "serviceUrl": "https://{{stage}}/V2/",
        "subscriptionRequired": False,
    },
    "apis/orders/operations/read/policies/policy": {"format": "rawxml", "value": STATEMENTS},
    "apis/orders/policies/policy": {"format": "rawxml", "value": POLICY},
    "subscriptions/shop": {"displayName": "Shop", "scope": f"{S}/apis/orders", "state": "submitted", "allowTracing": True},
    "subscriptions/of-a-revision": {"displayName": "Of a revision", "scope": f"{S}/apis/orders;rev=1", "state": "active", "ownerId": None},
}
_NOT_READ = {"apiType", "format"}  # what is only said when something is made, or asked for in the address


def drift(wire: Wire, path: str) -> dict[str, tuple[Any, Any]]:
    """Return what a plan would change: what was written and what is read, by property; nothing and an empty text are one."""
    shown = read(wire.get(path))["properties"]
    written = {name: value for name, value in RESOURCES[path].items() if name not in _NOT_READ}
    return {name: (value, shown.get(name)) for name, value in written.items() if not _is_same(value, shown.get(name))}


def _is_same(written: Any, shown: Any) -> bool:
    if isinstance(written, dict) and isinstance(shown, dict):
        return all(_is_same(value, shown.get(name)) for name, value in written.items())
    if isinstance(written, list) and isinstance(shown, list) and len(written) == len(shown):
        return all(map(_is_same, written, shown))
    return (written or None) == (shown or None)


@pytest.mark.parametrize("version", ["2020-12-01", "2021-08-01", "2022-08-01", "2024-05-01"])
def test_a_second_plan_is_empty(wire: Wire, version: str) -> None:
    make_certificate("client")
    wire.version = version
    for _ in ("created", "applied again"):
        for path, properties in RESOURCES.items():
            answer = wire.put(path, properties)
            assert answer.status_code in {200, 201}, answer.content
        assert [(path, found) for path in RESOURCES if (found := drift(wire, path))] == []


def test_a_copy_into_an_empty_portal_reads_the_same(wire: Wire) -> None:
    """Read everything, tidy up, and write back what was read, as extractors and publishers do."""
    make_certificate("client")
    for path, properties in RESOURCES.items():
        assert wire.put(path, properties).status_code in {200, 201}
    extracted = {path: read(wire.get(path))["properties"] for path in RESOURCES}
    rows = ("subscriptions/shop", "subscriptions/of-a-revision", "apis/orders", "apis/unfinished", "apis/staged", "policies/policy")
    for path in (
        *rows,
        "backends/pool",
        "backends/stage",
        "backends/second",
        "backends/orders",
        "backends/plain",
        "backends/checked",
        "namedValues/stage",
    ):
        assert wire.delete(path, If_Match="*").status_code in {200, 204}, path
    for path, properties in extracted.items():
        answer = wire.put(path, properties)
        assert answer.status_code in {200, 201}, answer.content
    published = {path: read(wire.get(path))["properties"] for path in RESOURCES}
    for properties in (*extracted.values(), *published.values()):
        properties.pop("createdDate", None)
    assert published == extracted


# What apiops lists before it extracts anything; it stops at the first that is not there.
LISTED = (
    *("apis", "apiVersionSets", "backends", "diagnostics", "gateways", "groups", "loggers", "namedValues", "policies", "policyFragments"),
    *("products", "subscriptions", "tags", "workspaces"),
)


def test_an_extractor_gets_through_all_it_lists(wire: Wire) -> None:
    wire.version = "2023-09-01-preview"
    wire.put("apis/orders", RESOURCES["apis/orders;rev=1"])
    for kind in LISTED:
        assert wire.get(kind).status_code == 200, kind
    for kind in (
        "diagnostics",
        "operations",
        "policies",
        "products",
        "releases",
        "revisions",
        "schemas",
        "tags",
        "tagDescriptions",
        "wikis",
    ):
        assert wire.get(f"apis/orders/{kind}").status_code == 200, kind
    assert wire.get("policies/policy").status_code == 404


# What apiops takes along of the kinds that have no specification, in the order in which it brings them back.
AROUND = ("namedValues/stage", "backends/stage", "backends/second", "backends/pool", "policies/policy")
_OF_OPERATION = "apis/pets/operations/listPets/policies/policy"


def test_what_an_extractor_takes_of_the_other_kinds_a_publisher_brings_back(wire: Wire) -> None:
    wire.version = "2023-09-01-preview"
    for path in AROUND:
        assert wire.put(path, RESOURCES[path]).status_code == 201
    wire.put("apis/pets", {"format": "openapi+json", "value": TEXT, "path": "pets"})
    wire.put(_OF_OPERATION, {"format": "rawxml", "value": STATEMENTS})
    taken = {path: read(wire.get(f"{path}?format=rawxml"))["properties"] for path in (*AROUND, _OF_OPERATION)}
    for path in ("apis/pets", *reversed(AROUND)):
        assert wire.delete(path, If_Match="*").status_code in {200, 204}
    wire.put("apis/pets", {"format": "openapi+json", "value": TEXT, "path": "pets"})
    for _time in ("published", "published again"):
        for path, properties in taken.items():
            assert wire.put(path, properties | ({"format": "rawxml"} if "policies" in path else {})).status_code in {200, 201}
        assert {path: read(wire.get(f"{path}?format=rawxml"))["properties"] for path in taken} == taken


def test_what_an_extractor_takes_a_publisher_brings_back(wire: Wire, client: Client) -> None:
    """Go through apiops' calls: an API's information, its specification by a link, its policy; then all of it into an empty portal."""
    wire.version = "2023-09-01-preview"
    make_certificate("client")
    assert wire.put("apis/pets", {"format": "openapi+json", "value": TEXT, "path": "pets"}).status_code == 201
    wire.put("apis/pets/policies/policy", {"format": "rawxml", "value": POLICY})
    information, operations = read(wire.get("apis/pets"))["properties"], read(wire.get("apis/pets/operations"))["value"]
    link = read(wire.get("apis/pets?format=openapi-link&export=true"))["properties"]["value"]["link"]
    specification = client.get(link.removeprefix("http://testserver")).content.decode()
    policy = read(wire.get("apis/pets/policies/policy?format=rawxml"))["properties"]["value"]
    assert wire.delete("apis/pets", If_Match="*").status_code == 204
    for _time in ("published", "published again"):
        assert wire.put("apis/pets", information).status_code in {200, 201}
        assert wire.put("apis/pets", information | {"format": "openapi", "value": specification}).status_code == 200
        assert wire.put("apis/pets/policies/policy", {"format": "rawxml", "value": policy}).status_code in {200, 201}
        assert read(wire.get("apis/pets"))["properties"] == information
        assert read(wire.get("apis/pets/operations"))["value"] == operations
        assert read(wire.get("apis/pets/policies/policy?format=rawxml"))["properties"]["value"] == policy


# What Azure PowerShell 13 sends for New-, Import-, Get-, Set- and Remove-AzApiManagementApi, with its own version and preconditions.
POWERSHELL: tuple[tuple[str, str, dict[str, Any] | None, int], ...] = (
    ("PUT", "apis/ps", {"path": "ps", "displayName": "PS", "protocols": ["https"], "serviceUrl": "https://ps.example.com"}, 201),
    ("PUT", "apis/pets", {"path": "pets", "format": "openapi+json", "value": TEXT}, 201),
    ("GET", "apis/pets", None, 200),
    ("GET", "apis/pets?format=openapi-link&export=true", None, 200),
    ("GET", "apis?expandApiVersionSet=false&$filter=displayName eq 'PS'", None, 200),
    ("PATCH", "apis/ps", {"description": "Changed"}, 200),
    ("PUT", "apis/ps/operations/read", {"displayName": "Read", "method": "GET", "urlTemplate": "/r", "templateParameters": []}, 201),
    ("GET", "apis/ps/operations", None, 200),
    ("PUT", "apis/ps/policies/policy", {"format": "xml", "value": POLICY}, 201),
    ("GET", "apis/ps/policies/policy?format=xml", None, 200),
    ("PUT", "subscriptions/ps", {"scope": "/apis/ps", "displayName": "PS"}, 201),
    ("POST", "subscriptions/ps/listSecrets", None, 200),
    ("GET", "products", None, 200),
    ("DELETE", "apis/ps", None, 204),
)


def test_powershell_manages_apis(wire: Wire) -> None:
    wire.version = "2021-08-01"
    make_certificate("client")
    for verb, path, properties, status in POWERSHELL:
        headers = {"If_Match": "*", "Accept_Language": "en-US"} if verb in {"PATCH", "DELETE"} else {"Accept_Language": "en-US"}
        answer = wire.request(verb, path, {"properties": properties} if properties else b"", **headers)
        assert answer.status_code == status, (verb, path, answer.content)
