"""Lists, creates, reads, updates, pages, fails with and deletes every kind of entity, with whichever SDK this process finds.

``python walk.py VERSION`` with ``PORTAL_URL``, ``PORTAL_TOKEN``, ``PORTAL_CA`` and the folder ``PORTAL_FILES`` of PFX files.
It imports nothing of the portal.
"""

from __future__ import annotations

import base64
import inspect
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.apimanagement import ApiManagementClient

WHERE = ("group", "portal")
S = "/subscriptions/0000/resourceGroups/group/providers/Microsoft.ApiManagement/service/portal"
POLICY = '<policies><inbound><base /><authentication-certificate certificate-id="first" /></inbound></policies>'


class Token:
    """The credential: a token from the portal, where others ask their cloud for one."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(os.environ["PORTAL_TOKEN"], int(time.time()) + 3600)


def client() -> ApiManagementClient:
    return ApiManagementClient(
        Token(), "0000", base_url=f"{os.environ['PORTAL_URL']}/management", connection_verify=os.environ["PORTAL_CA"]
    )


def pfx(name: str) -> dict[str, Any]:
    """Return the body of a certificate, as the published samples write it."""
    data = base64.b64encode((Path(os.environ["PORTAL_FILES"]) / f"{name}.pfx").read_bytes()).decode()
    return {"properties": {"data": data, "password": "secret"}}


@contextmanager
def refused(status: int, target: str = "") -> Iterator[None]:
    """Expect a refusal that names the target."""
    refusals: list[HttpResponseError] = []
    try:
        yield
    except HttpResponseError as refusal:
        refusals.append(refusal)
    (error,) = refusals
    assert error.status_code == status, error
    assert error.error.code, error
    assert not target or target in [detail.target for detail in error.error.details], error


def gone(read: Any, *where: str) -> None:
    try:
        read(*WHERE, *where)
    except ResourceNotFoundError:
        return
    raise AssertionError(where)


def certificates(azure: ApiManagementClient) -> None:
    of = azure.certificate
    assert list(of.list_by_service(*WHERE)) == []
    made = of.create_or_update(*WHERE, "first", pfx("first"))
    assert (made.id, made.name, made.type) == (f"{S}/certificates/first", "first", "Microsoft.ApiManagement/service/certificates")
    assert len(made.thumbprint) == 40
    assert "CN=first" in made.subject
    assert made.expiration_date > datetime.now(UTC)
    read = of.get(*WHERE, "first")
    assert read.thumbprint == made.thumbprint
    assert of.get_entity_tag(*WHERE, "first") is True
    tag = etag_of(of.get, "first")
    again = of.create_or_update(*WHERE, "first", pfx("second"), if_match=tag)
    assert again.thumbprint != made.thumbprint
    with refused(412):
        of.create_or_update(*WHERE, "first", pfx("first"), if_match=tag)
    with refused(400, "password"):
        of.create_or_update(*WHERE, "third", {"properties": {**pfx("third")["properties"], "password": "wrong"}})
    with refused(400, "data"):
        of.create_or_update(*WHERE, "third", {"properties": {"data": "///", "password": ""}})
    with refused(400, "certificateId"):
        of.get(*WHERE, "a/b*c")
    of.create_or_update(*WHERE, "third", pfx("third"), if_match="*")
    assert [one.name for one in of.list_by_service(*WHERE, top=1)] == ["first", "third"]
    assert [one.name for one in of.list_by_service(*WHERE, skip=1)] == ["third"]
    assert [one.name for one in of.list_by_service(*WHERE, filter="contains(subject,'CN=third')")] == ["third"]
    with refused(412):
        of.delete(*WHERE, "third", if_match='"other"')
    of.delete(*WHERE, "third", if_match="*")
    of.delete(*WHERE, "third", if_match="*")
    gone(of.get, "third")


def apis(azure: ApiManagementClient) -> None:
    of = azure.api
    body = {
        "properties": {
            "displayName": "Orders",
            "path": "orders",
            "serviceUrl": "https://orders.example.com/v2",
            "protocols": ["https", "http"],
            "subscriptionKeyParameterNames": {"header": "x-key", "query": "key"},
        }
    }
    made = of.begin_create_or_update(*WHERE, "orders", body).result()
    assert (made.id, made.display_name, made.path) == (f"{S}/apis/orders", "Orders", "orders")
    assert made.protocols == ["https", "http"]
    assert made.subscription_required is True
    read = of.get(*WHERE, "orders")
    assert read.service_url == "https://orders.example.com/v2"
    assert read.subscription_key_parameter_names.header == "x-key"
    assert of.get_entity_tag(*WHERE, "orders") is True
    changed = of.update(*WHERE, "orders", if_match="*", parameters={"properties": {"description": "For shops"}})
    assert (changed.description, changed.display_name) == ("For shops", "Orders")
    # What was read is written back as it is, as the command-line client does.
    assert of.begin_create_or_update(*WHERE, "orders", read, if_match="*").result().description is None
    with refused(400, "serviceUrl"):
        of.begin_create_or_update(*WHERE, "new", {"properties": {"displayName": "N", "path": "n", "serviceUrl": "ftp://a.example"}})
    with refused(400, "path"):
        of.begin_create_or_update(*WHERE, "new", body)
    with refused(400, "value"):
        of.begin_create_or_update(*WHERE, "new", {"properties": {"path": "n", "format": "openapi-link", "value": "https://a.example"}})
    other = {"properties": {**body["properties"], "displayName": "Returns", "path": "returns"}}
    of.begin_create_or_update(*WHERE, "returns;rev=1", other).result()
    assert [one.name for one in of.list_by_service(*WHERE, top=1)] == ["orders", "returns"]
    assert [one.name for one in of.list_by_service(*WHERE, filter="path eq 'returns' and isCurrent eq true")] == ["returns"]
    if hasattr(of, "begin_delete"):  # since 5.0.0
        of.begin_delete(*WHERE, "returns", if_match="*", delete_revisions=True).wait()
    else:
        of.delete(*WHERE, "returns", if_match="*", delete_revisions=True)
    gone(of.get, "returns")


def operations(azure: ApiManagementClient) -> None:
    an_api(azure)
    of = azure.api_operation
    body = {
        "properties": {
            "displayName": "Read an order",
            "method": "GET",
            "urlTemplate": "/{id}",
            "templateParameters": [{"name": "id", "type": "string", "required": True, "description": "Which one"}],
            "responses": [{"statusCode": 200, "description": "The order"}],
        }
    }
    made = of.create_or_update(*WHERE, "orders", "read", body)
    assert (made.id, made.method, made.url_template) == (f"{S}/apis/orders/operations/read", "GET", "/{id}")
    assert made.template_parameters[0].description == "Which one"
    assert of.get(*WHERE, "orders", "read").responses[0].status_code == 200
    assert of.get_entity_tag(*WHERE, "orders", "read") is True
    changed = of.update(*WHERE, "orders", "read", if_match="*", parameters={"properties": {"method": "POST"}})
    assert (changed.method, changed.display_name) == ("POST", "Read an order")
    of.create_or_update(*WHERE, "orders", "all", {"properties": {"displayName": "All", "method": "*", "urlTemplate": "/*"}})
    assert [one.name for one in of.list_by_api(*WHERE, "orders", top=1)] == ["all", "read"]
    with refused(400, "urlTemplate"):
        of.create_or_update(
            *WHERE, "orders", "bad", {"properties": {"displayName": "Bad", "method": "GET", "urlTemplate": "/two//slashes"}}
        )
    with refused(404):
        list(of.list_by_api(*WHERE, "missing"))
    of.delete(*WHERE, "orders", "read", if_match="*")
    gone(of.get, "orders", "read")


def policies(azure: ApiManagementClient) -> None:
    an_api(azure)
    azure.certificate.create_or_update(*WHERE, "first", pfx("first"))
    of = azure.api_policy
    gone(of.get, "orders", "policy")
    made = of.create_or_update(*WHERE, "orders", "policy", {"properties": {"value": POLICY, "format": "xml"}})
    assert made.id == f"{S}/apis/orders/policies/policy"
    read = of.get(*WHERE, "orders", "policy")
    assert 'certificate-id="first"' in read.value
    assert of.get(*WHERE, "orders", "policy", format="rawxml").format == "rawxml"
    assert of.get_entity_tag(*WHERE, "orders", "policy") is True
    written = {"properties": {"value": read.value, "format": "rawxml"}}
    assert of.create_or_update(*WHERE, "orders", "policy", written, if_match="*").value == read.value
    assert len(of.list_by_api(*WHERE, "orders").value) == 1
    with refused(400, "rate-limit"):
        value = '<policies><inbound><rate-limit calls="1" /></inbound></policies>'
        of.create_or_update(*WHERE, "orders", "policy", {"properties": {"value": value}})
    with refused(409):
        azure.certificate.delete(*WHERE, "first", if_match="*")
    of.delete(*WHERE, "orders", "policy", if_match="*")
    gone(of.get, "orders", "policy")
    azure.certificate.delete(*WHERE, "first", if_match="*")


def subscriptions(azure: ApiManagementClient) -> None:
    an_api(azure)
    of = azure.subscription
    made = of.create_or_update(*WHERE, "shop", {"properties": {"displayName": "Shop", "scope": f"{S}/apis/orders"}})
    assert (made.id, made.state, made.scope) == (f"{S}/subscriptions/shop", "active", f"{S}/apis/orders")
    assert made.primary_key is None
    keys = of.list_secrets(*WHERE, "shop")
    of.regenerate_primary_key(*WHERE, "shop")
    newer = of.list_secrets(*WHERE, "shop")
    assert (newer.primary_key != keys.primary_key, newer.secondary_key) == (True, keys.secondary_key)
    of.regenerate_secondary_key(*WHERE, "shop")
    assert of.get_entity_tag(*WHERE, "shop") is True
    changed = of.update(*WHERE, "shop", if_match="*", parameters={"properties": {"state": "suspended"}})
    assert (changed.state, changed.display_name) == ("suspended", "Shop")
    body = {"properties": {"displayName": "All", "scope": "/apis", "primaryKey": "a" * 32, "secondaryKey": "b" * 32}}
    assert of.create_or_update(*WHERE, "all", body).scope == f"{S}/apis"
    assert of.list_secrets(*WHERE, "all").primary_key == "a" * 32
    assert [one.name for one in of.list(*WHERE, top=1)] == ["all", "shop"]
    assert [one.name for one in of.list(*WHERE, filter="state eq 'suspended'")] == ["shop"]
    with refused(400, "scope"):
        of.create_or_update(*WHERE, "new", {"properties": {"displayName": "New", "scope": "/products/starter"}})
    of.delete(*WHERE, "shop", if_match="*")
    gone(of.get, "shop")


def backends(azure: ApiManagementClient) -> None:
    an_api(azure)
    certificate = azure.certificate.create_or_update(*WHERE, "first", pfx("first"))
    of = azure.backend
    body = {
        "properties": {
            "url": "https://orders.example.com",
            "protocol": "http",
            "tls": {"validateCertificateChain": False, "validateCertificateName": False},
            "credentials": {"certificateIds": [f"{S}/certificates/first"], "certificate": [certificate.thumbprint]},
        }
    }
    made = of.create_or_update(*WHERE, "orders", body)
    assert made.credentials.certificate == [certificate.thumbprint]
    if hasattr(made.credentials, "certificate_ids"):  # since 2.0.0
        assert made.credentials.certificate_ids == [f"{S}/certificates/first"]
    assert 'certificate-id="first"' in azure.api_policy.get(*WHERE, "orders", "policy").value
    assert of.get(*WHERE, "orders").tls.validate_certificate_chain is False
    assert of.get_entity_tag(*WHERE, "orders") is True
    changed = of.update(*WHERE, "orders", if_match="*", parameters={"properties": {"title": "Orders"}})
    assert (changed.title, changed.url) == ("Orders", "https://orders.example.com")
    of.create_or_update(*WHERE, "other", {"properties": {"url": "https://other.example.com/v1", "protocol": "http"}})
    assert [one.name for one in of.list_by_service(*WHERE, top=1)] == ["orders", "other"]
    by_header = {"properties": {**body["properties"], "credentials": {"header": {"x-key": ["secret"]}}}}
    assert of.create_or_update(*WHERE, "by-header", by_header).credentials.header == {"x-key": ["***"]}
    with refused(400, "credentials.header"):
        credentials = {"header": {"x-key": ["secret", "another"]}}
        of.create_or_update(*WHERE, "new", {"properties": {**body["properties"], "credentials": credentials}})
    of.delete(*WHERE, "orders", if_match="*")
    gone(of.get, "orders")
    gone(azure.api_policy.get, "orders", "policy")


def inventory(azure: ApiManagementClient) -> None:
    """List whatever this version can list of a service and of an API, and clean up what was never there."""
    an_api(azure)
    missing, listed = [], 0
    for name in sorted(set(vars(azure)) - {"network_status"}):  # a diagnosis, not a list of entities
        for verb in ("list_by_service", "list", "list_by_api"):
            call = getattr(getattr(azure, name), verb, None)
            for where in (WHERE, *([(*WHERE, "orders")] if name.startswith("api_") else [])):
                if takes(call, len(where)):
                    listed += 1
                    try:
                        found = call(*where)  # type: ignore[misc]  # there is one
                        list(found.value if hasattr(found, "value") else found)
                    except HttpResponseError as refusal:
                        missing.append((name, verb, refusal.status_code))
    assert (missing, listed > 25) == ([], True), (missing, listed)
    azure.named_value.delete(*WHERE, "none", if_match="*")
    azure.tag.delete(*WHERE, "none", if_match="*")
    azure.named_value.begin_create_or_update(*WHERE, "some", {"properties": {"displayName": "some", "value": "value"}}).result()
    azure.named_value.delete(*WHERE, "some", if_match="*")
    with refused(400, "tags"):
        azure.tag.create_or_update(*WHERE, "some", {"properties": {"displayName": "some"}})
    with refused(403):
        azure.tenant_access.list_secrets(*WHERE, "access")
    service = azure.api_management_service.get(*WHERE)
    assert (service.name, service.provisioning_state, bool(service.gateway_url)) == ("portal", "Succeeded", True)
    assert [one.name for one in azure.api_management_service.list()] == ["portal"]


def takes(call: Any, arguments: int) -> bool:
    """Tell whether there is such a call, and it needs just so many arguments."""
    if call is None:
        return False
    parameters = inspect.signature(call).parameters.values()
    needed = [one for one in parameters if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD]
    return len(needed) == arguments


def an_api(azure: ApiManagementClient) -> None:
    body = {
        "properties": {"displayName": "Orders", "path": "orders", "serviceUrl": "https://orders.example.com/v2", "protocols": ["https"]}
    }
    azure.api.begin_create_or_update(*WHERE, "orders", body).result()


def etag_of(read: Any, name: str) -> str:
    headers: dict[str, str] = {}
    read(*WHERE, name, raw_response_hook=lambda response: headers.update(response.http_response.headers))
    return headers["ETag"]


def leave_nothing(azure: ApiManagementClient) -> None:
    """Delete what a walk has left, so that the next finds what each begins with."""
    lists = ((azure.subscription, "list"), (azure.api, "list_by_service"), (azure.backend, "list_by_service"))
    for entities, listing in (*lists, (azure.certificate, "list_by_service")):
        for one in list(getattr(entities, listing)(*WHERE)):
            delete = getattr(entities, "begin_delete", None) or entities.delete
            delete(*WHERE, one.name, "*")


if __name__ == "__main__":
    assert metadata.version("azure-mgmt-apimanagement") == sys.argv[1]
    with client() as connected:
        for walk in (certificates, apis, operations, policies, subscriptions, backends, inventory):
            walk(connected)
            leave_nothing(connected)
