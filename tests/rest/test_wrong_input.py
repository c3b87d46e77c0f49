"""Whatever is wrong with a request is refused with 4xx, in the published envelope, and the fault is named."""

from __future__ import annotations

import base64
import json
import logging
from io import StringIO
from typing import Any

import pytest
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Subscription, SubscriptionState
from certificates import actions as certificate_actions
from rest import etags
from rest.entities.apis import ApiDraft, Apis
from rest.entities.subscriptions import SubscriptionDraft, Subscriptions
from tests.makers import issue, make_api, make_certificate, make_subscription
from tests.rest.conftest import S, Wire, read, targets

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

API = {"displayName": "New", "path": "new", "serviceUrl": "https://new.example.com", "protocols": ["https"]}
OPERATION = {"displayName": "New", "method": "GET", "urlTemplate": "/new"}
SUBSCRIPTION = {"displayName": "New", "scope": "/apis"}
BACKEND = {"url": "https://new.example.com", "protocol": "http"}


def policy(inbound: str) -> dict[str, Any]:
    return {"value": f"<policies><inbound>{inbound}</inbound></policies>"}


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("certificates/fresh", {}, "data"),
    ("certificates/fresh", {"data": 5}, "data"),
    ("certificates/fresh", {"data": "not base64!"}, "data"),
    ("certificates/fresh", {"data": "ünïcode"}, "data"),
    ("certificates/fresh", {"data": ""}, "data"),
    ("subscriptions/new", SUBSCRIPTION, "sid"),
    ("apis/new", API, "apiId"),
    ("certificates/fresh", {"data": base64_of(b"no pfx")}, "data"),
    ("certificates/fresh", {"data": base64_of(b"-----BEGIN CERTIFICATE-----")}, "data"),
    ("certificates/fresh", {"data": base64_of(bytes(300_000))}, "data"),
    ("certificates/fresh", {"data": base64_of(b"x"), "password": ["a"]}, "password"),
    ("certificates/fresh", {"keyVault": {"secretIdentifier": "https://vault.example.com/secrets/a"}}, "keyVault"),
    ("certificates/upload", {"data": "VALID", "password": "secret"}, "certificateId"),
    ("certificates/fresh%2A", {"data": "VALID", "password": "secret"}, "certificateId"),
    ("certificates/a%2Fb", {"data": "VALID", "password": "secret"}, "certificateId"),
    ("certificates/" + "n" * 81, {"data": "VALID", "password": "secret"}, "certificateId"),
    ("certificates/fresh", {"data": "VALID", "password": "wrong"}, "password"),
    ("certificates/fresh", {"data": "UPLOADED", "password": "secret"}, "data"),
    ("apis/fresh", {}, "displayName"),
    ("apis/fresh", {**API, "displayName": "  "}, "displayName"),
    ("apis/fresh", {**API, "displayName": "n" * 301}, "displayName"),
    ("apis/fresh", {**API, "displayName": "half \ud800"}, "displayName"),
    ("apis/fresh", {**API, "description": "nul \0"}, "description"),
    ("apis/fresh", {**API, "path": None}, "path"),
    ("apis/fresh", {**API, "path": "a//b"}, "path"),
    ("apis/fresh", {**API, "path": "orders"}, "path"),
    ("apis/fresh", {**API, "serviceUrl": "not a url"}, "serviceUrl"),
    ("apis/fresh", {**API, "serviceUrl": "https://169.254.169.254/latest"}, "serviceUrl"),
    ("apis/fresh", {**API, "serviceUrl": "https://user:secret@new.example.com"}, "serviceUrl"),
    ("apis/fresh", {**API, "protocols": ["ws"]}, "protocols"),
    ("apis/fresh", {**API, "protocols": "https"}, "protocols"),
    ("apis/fresh", {**API, "subscriptionRequired": "yes"}, "subscriptionRequired"),
    ("apis/fresh", {**API, "subscriptionKeyParameterNames": {"header": "no header"}}, "subscriptionKeyParameterNames.header"),
    ("apis/fresh", {**API, "subscriptionKeyParameterNames": {"header": "X_Forwarded_For"}}, "subscriptionKeyParameterNames.header"),
    ("apis/fresh", {**API, "subscriptionKeyParameterNames": {"header": "Authorization"}}, "subscriptionKeyParameterNames.header"),
    ("apis/fresh", {**API, "subscriptionKeyParameterNames": {"query": "a&b"}}, "subscriptionKeyParameterNames.query"),
    ("apis/fresh", {**API, "subscriptionKeyParameterNames": "x"}, "subscriptionKeyParameterNames"),
    ("apis/fresh", {**API, "authenticationSettings": {"oAuth2": "a"}}, "authenticationSettings.oAuth2"),
    ("apis/fresh", {**API, "contentFormat": "swagger-json", "contentValue": "{}"}, "contentValue"),
    ("apis/fresh", {**API, "format": "openapi"}, "value"),
    ("apis/fresh", {**API, "value": "{}"}, "format"),
    ("apis/fresh", {**API, "format": "openapi", "value": {"openapi": "3.0.0"}}, "value"),
    ("apis/fresh", {**API, "format": 3, "value": "{}"}, "format"),
    ("apis/fresh", {**API, "format": "wsdl", "value": "<definitions/>"}, "format"),
    ("apis/fresh", {**API, "format": "openapi-link", "value": "http://169.254.169.254/latest"}, "value"),
    ("apis/fresh", {**API, "apiVersionSetId": "/apiVersionSets/a"}, "apiVersionSetId"),
    ("apis/fresh", {**API, "apiRevision": "2"}, "apiRevision"),
    ("apis/fresh", {**API, "isCurrent": False}, "isCurrent"),
    ("apis/fresh", {**API, "type": "graphql"}, "type"),
    ("apis/fresh", {**API, "format": "openapi", "value": "{}"}, "value"),
    ("apis/fresh", {**API, "contact": "Shop"}, "contact"),
    ("apis/fresh", {**API, "license": [1]}, "license"),
    ("apis/fresh", {**API, "termsOfServiceUrl": 5}, "termsOfServiceUrl"),
    ("apis/fresh;rev=2", API, "apiId"),
    ("apis/fresh%3Fx", API, "apiId"),
    ("apis/a%2Fb", API, "apiId"),
    ("apis/orders/operations/fresh", {**OPERATION, "method": ""}, "method"),
    ("apis/orders/operations/fresh", {**OPERATION, "method": "G E T"}, "method"),
    ("apis/orders/operations/fresh", {**OPERATION, "urlTemplate": "/{new"}, "urlTemplate"),
    ("apis/orders/operations/fresh", {**OPERATION, "method": "*", "urlTemplate": "/*"}, "urlTemplate"),
    ("apis/orders/operations/fresh", {**OPERATION, "policies": "<policies />"}, "policies"),
    ("apis/orders/operations/fresh", {**OPERATION, "templateParameters": {"name": "id"}}, "templateParameters"),
    ("apis/orders/operations/fresh", {**OPERATION, "templateParameters": [{"name": []}]}, "templateParameters"),
    ("apis/orders/operations/fresh", {**OPERATION, "templateParameters": [{"type": "string"}]}, "templateParameters"),
    ("apis/orders/operations/fresh", {**OPERATION, "responses": [200]}, "responses"),
    ("apis/orders/operations/fresh", {**OPERATION, "request": "none"}, "request"),
    ("apis/orders/policies/policy", {}, "value"),
    ("apis/orders/policies/other", policy("<base />"), "policyId"),
    ("apis/orders/policies/policy", {**policy("<base />"), "format": "xml-link"}, "format"),
    ("apis/orders/policies/policy", {"value": "<policies>"}, "policies"),
    ("apis/orders/policies/policy", {"value": "<!DOCTYPE a [<!ENTITY b 'c'>]><policies />"}, "DOCTYPE"),
    ("apis/orders/policies/policy", policy("<cors />"), "cors"),
    ("apis/orders/policies/policy", policy('<authentication-certificate certificate-id="none" />'), "authentication-certificate"),
    ("apis/orders/policies/policy", policy(f'<authentication-certificate thumbprint="{"A" * 40}" />'), "authentication-certificate"),
    ("apis/orders/policies/policy", policy('<authentication-basic username="a:b" password="c" />'), "authentication-basic"),
    ("apis/orders/policies/policy", policy('<authentication-basic username="a" password="***" />'), "authentication-basic"),
    ("apis/orders/policies/policy", policy('<authentication-basic username="a" password="{{secret}}" />'), "authentication-basic"),
    ("apis/orders/policies/policy", policy('<authentication-basic username="@(1)" password="b" />'), "authentication-basic"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "displayName": None}, "displayName"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "displayName": "n" * 101}, "displayName"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "scope": "/products/starter"}, "scope"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "scope": "/apis/none"}, "scope"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "scope": f"{S}/apis".replace("/portal/", "/other/")}, "scope"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "scope": f"{S}/apis".replace("/0000/", "/1111/")}, "scope"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "productId": "/products/starter"}, "productId"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "expirationDate": "2030-01-01T00:00:00Z"}, "expirationDate"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "state": "asleep"}, "state"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "state": 5}, "state"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "allowTracing": "yes"}, "allowTracing"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "ownerId": 5}, "ownerId"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "primaryKey": "short"}, "primaryKey"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "primaryKey": "two words of a key"}, "primaryKey"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "primaryKey": "a" * 32, "secondaryKey": "a" * 32}, "secondaryKey"),
    ("subscriptions/fresh", {**SUBSCRIPTION, "primaryKey": "TAKEN"}, "primaryKey"),
    ("backends/fresh", {"protocol": "http"}, "url"),
    ("backends/fresh", {**BACKEND, "url": "ftp://new.example.com"}, "url"),
    ("backends/fresh", {**BACKEND, "protocol": "soap"}, "protocol"),
    ("backends/fresh", {**BACKEND, "proxy": {"url": "https://proxy.example.com"}}, "proxy"),
    ("backends/fresh", {**BACKEND, "tls": {"validateCertificateChain": "no"}}, "tls.validateCertificateChain"),
    ("backends/fresh", {**BACKEND, "credentials": {"query": {"key": ["a", "b"]}}}, "credentials.query"),
    ("backends/fresh", {**BACKEND, "credentials": {"certificateIds": ["none"]}}, "credentials.certificateIds"),
    ("backends/fresh", {**BACKEND, "credentials": {"certificate": ["A" * 40]}}, "credentials.certificate"),
    ("backends/fresh", {**BACKEND, "credentials": {"certificateIds": ["uploaded", "another"]}}, "credentials.certificateIds"),
]


@pytest.mark.parametrize(("path", "properties", "target"), WRONG)
def test_a_wrong_property_is_named(path: str, properties: dict[str, Any], target: str, wire: Wire) -> None:
    make_api("orders")
    uploaded = issue("uploaded")
    make_certificate("uploaded", uploaded)
    make_certificate("another")
    taken = make_subscription("taken").keys.get(kind="primary").unseal().value.decode()
    stand_ins = {"VALID": base64_of(issue().pfx_file()), "UPLOADED": base64_of(uploaded.pfx_file()), "TAKEN": taken}
    sent = {name: stand_ins.get(value, value) if isinstance(value, str) else value for name, value in properties.items()}
    answer = wire.put(path, sent)
    assert answer.status_code == 400, answer.content
    assert read(answer)["error"]["code"] == "ValidationError"
    assert read(answer)["error"]["message"] == "One or more fields contain incorrect values:"
    assert target in targets(answer)
    assert wire.get(path).status_code in {400, 404}


def test_several_faults_are_told_at_once(wire: Wire) -> None:
    answer = wire.put("apis/fresh", {"serviceUrl": "ftp://a.example", "path": "//", "type": "soap"})
    assert set(targets(answer)) == {"displayName", "serviceUrl", "path", "type"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"\xff\xfe\xfd", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"a":' * 60 + b"1" + b"}" * 60, {}, 400),
        (b'{"properties": NaN}', {}, 400),
        (b'{"properties": ' + b"9" * 5000 + b"}", {}, 400),
        (b'{"properties": []}', {}, 400),
        (b'{"data": "flat"}', {}, 400),
        (b"<certificate />", {"Content_Type": "application/xml"}, 415),
        (b"{}", {"Content_Encoding": "gzip"}, 415),
        (b" " * (1024 * 1024 + 1), {}, 413),
    ],
)
def test_a_wrong_body_is_refused(body: bytes, headers: dict[str, str], status: int, wire: Wire) -> None:
    answer = wire.request("PUT", "certificates/fresh", body, **headers)
    assert answer.status_code == status
    assert read(answer)["error"]["code"]


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("$top=0", "$top"),
        ("$top=-1", "$top"),
        ("$top=ten", "$top"),
        ("$top=99999999999999999999", "$top"),
        ("$skip=-1", "$skip"),
        ("$skip=9999999999", "$skip"),
        ("$filter=name", "$filter"),
        ("$filter=name eq", "$filter"),
        ("$filter=name eq 'a", "$filter"),
        ("$filter=name is 'a'", "$filter"),
        ("$filter=password eq 'a'", "$filter"),
        ("$filter=contains(name,a)", "$filter"),
        ("$filter=contains(expirationDate,'2026')", "$filter"),
        ("$filter=expirationDate gt 'soon'", "$filter"),
        ("$filter=expirationDate gt 0001-01-01T00:00:00%2B14:00", "$filter"),
        ("$filter=expirationDate gt 9999-12-31T23:59:59-14:00", "$filter"),
        ("$filter=name eq 'a' name", "$filter"),
        ("$filter=" + "(" * 50 + "name eq 'a'" + ")" * 50, "$filter"),
        ("$filter=name eq '%00'", "$filter"),
    ],
)
def test_a_wrong_query_is_refused(query: str, target: str, wire: Wire) -> None:
    answer = wire.get(f"certificates?{query}")
    assert answer.status_code == 400
    assert targets(answer) == [target]


def test_a_number_that_no_database_takes_is_refused(wire: Wire) -> None:
    body = json.dumps({"properties": {**API, "contact": {"name": 0}}}).replace("0}", "1e400}").encode()
    answer = wire.request("PUT", "apis/fresh", body)
    assert (answer.status_code, read(answer)["error"]["code"]) == (400, "InvalidRequestContent")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_is_refused_with_those_there_are(method: str, wire: Wire) -> None:
    answer = wire.request(method, "certificates")
    assert (answer.status_code, answer["Allow"], read(answer)["error"]["code"]) == (405, "GET, HEAD", "MethodNotAllowed")


@pytest.mark.parametrize(
    "path", ["nothing", "apis/orders/releases", "apis/none/operations", "apis/a%00b/operations", "certificates/none", "subscriptions/none"]
)
def test_what_is_not_there_is_not_found(path: str, wire: Wire) -> None:
    answer = wire.get(path)
    assert (answer.status_code, read(answer)["error"]["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize("address", ["", "/", "/nothing", "/subscriptions/0000/nothing", "/apis?api-version=2024-05-01"])
def test_whatever_lies_below_management_is_answered_in_the_envelope(address: str, wire: Wire) -> None:
    wire.prefix, wire.version = f"/management{address}", ""
    for headers, status in (({}, 404), ({"Authorization": ""}, 401)):
        answer = wire.client.get(wire.prefix, headers={"Authorization": f"Bearer {wire.token}"} | headers)
        assert answer.status_code == status
        assert answer.json()["error"]["code"]


def test_a_host_that_is_not_ours_is_refused_in_the_envelope(wire: Wire) -> None:
    answer = wire.get("certificates", Host="evil.example.com")
    assert (answer.status_code, read(answer)["error"]["code"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("path", "properties"),
    [
        ("apis/orders/operations/fresh", OPERATION),
        ("apis/orders/policies/policy", policy("<base />")),
        ("apis/orders/policies/policy", policy('<authentication-certificate certificate-id="client" />')),
        ("subscriptions/fresh", {**SUBSCRIPTION, "scope": "/apis/orders"}),
        ("backends/new", {**BACKEND, "credentials": {"certificateIds": ["client"]}}),
    ],
)
def test_what_is_deleted_at_the_same_moment_is_a_conflict(
    path: str, properties: dict[str, Any], wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, certificate = make_api("orders"), make_certificate("client")

    def somebody_deletes(*_: object) -> None:
        api_actions.delete_api(api, by=None, now=timezone.now())
        certificate_actions.delete(certificate, by=None, now=timezone.now())

    monkeypatch.setattr(etags, "check_write", somebody_deletes)
    answer = wire.put(path, properties)
    assert (answer.status_code, read(answer)["error"]["code"]) == (409, "Conflict")


@pytest.mark.parametrize(("method", "headers"), [("PUT", {}), ("PUT", {"If_Match": "*"}), ("PATCH", {"If_Match": "*"})])
def test_what_is_changed_while_a_body_is_read_is_not_written_over(
    method: str, headers: dict[str, str], wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.put("subscriptions/shop", SUBSCRIPTION)
    read_body = Subscriptions.read

    def somebody_suspends(self: Subscriptions, *given: Any, **more: Any) -> SubscriptionDraft:
        draft = read_body(self, *given, **more)
        row = Subscription.objects.get()
        api_actions.set_subscription_state(row, SubscriptionState.SUSPENDED, by=None, now=timezone.now())
        return draft

    monkeypatch.setattr(Subscriptions, "read", somebody_suspends)
    answer = wire.request(method, "subscriptions/shop", {"properties": {**SUBSCRIPTION, "displayName": "Newer"}}, **headers)
    assert (answer.status_code, read(answer)["error"]["code"]) == (409, "Conflict")
    row = Subscription.objects.get()
    assert (row.state, row.display_name) == (SubscriptionState.SUSPENDED, "New")


def test_what_is_made_while_a_body_is_read_is_not_written_over(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    read_body = Apis.read

    def somebody_makes_it(self: Apis, *given: Any, **more: Any) -> ApiDraft:
        draft = read_body(self, *given, **more)
        make_api("new", service_url="https://first.example.com")
        return draft

    monkeypatch.setattr(Apis, "read", somebody_makes_it)
    assert wire.put("apis/new", API).status_code == 409
    assert Api.objects.get().service_url == "https://first.example.com"


def test_a_mistake_of_ours_is_told_in_the_log_with_its_trace(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    (handler,) = (one for one in logging.getLogger("django.request").handlers if isinstance(one, logging.StreamHandler))
    monkeypatch.setattr(handler, "stream", said := StringIO())
    monkeypatch.setattr(Apis, "show", lambda *_: 1 // 0)
    make_api("orders")
    wire.client.raise_request_exception = False
    answer = wire.get("apis/orders?password=hunter2")
    assert (answer.status_code, read(answer)["error"]["code"]) == (500, "InternalServerError")
    assert "ERROR Internal Server Error: /management/" in said.getvalue()
    assert "ZeroDivisionError" in said.getvalue()
    assert "hunter2" not in said.getvalue()


def test_what_a_password_was_stands_in_no_answer(wire: Wire) -> None:
    for body in (b'{"properties": {"password": "hunter2", }', b'{"properties": {"password": "hunter2", "data": "!"}}'):
        assert b"hunter2" not in wire.request("PUT", "certificates/fresh", body).content


@pytest.mark.parametrize("path", ["apis/a%00b/operations", "apis/a%00b/operations/get", "apis/a%00b/policies", "backends/a%00b"])
def test_a_name_that_no_database_takes_is_refused(path: str, wire: Wire) -> None:
    assert wire.get(path).status_code in {400, 404}
