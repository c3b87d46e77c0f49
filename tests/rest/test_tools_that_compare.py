"""Tools that compare what they read with what they wrote find no difference: Terraform's second plan, a copy into an empty portal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.makers import make_certificate
from tests.rest.conftest import S, Wire, read

pytestmark = pytest.mark.django_db

POLICY = """<policies>
  <inbound>
    <authentication-certificate certificate-id="client" />
  </inbound>
  <backend>
    <forward-request timeout="120" />
  </backend>
</policies>
"""
# What the Terraform provider writes of each resource, and reads again before every plan.
RESOURCES: dict[str, dict[str, Any]] = {
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
    "apis/orders/policies/policy": {"format": "rawxml", "value": POLICY},
    "subscriptions/shop": {"displayName": "Shop", "scope": f"{S}/apis/orders", "state": "submitted", "allowTracing": True},
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
    for path in ("subscriptions/shop", "apis/orders", "apis/unfinished", "backends/orders"):
        assert wire.delete(path, If_Match="*").status_code in {200, 204}
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
