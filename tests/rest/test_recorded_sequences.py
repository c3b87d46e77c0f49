"""The order of requests of other published clients, as recorded: the Terraform provider's and the command-line client's."""

from __future__ import annotations

import base64

import pytest

from apis.models import Api
from certificates.models import ClientCertificate
from portal.activity import last_line
from portal.models import Activity, Event
from tests.makers import issue, make_api, make_certificate, make_gateway
from tests.rest.conftest import S, Wire, read

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

API = {
    "apiRevision": "1",
    "apiVersion": "",
    "authenticationSettings": {},
    "description": "",
    "displayName": "Orders",
    "isCurrent": True,
    "path": "orders",
    "protocols": ["https"],
    "serviceUrl": "https://orders.example.com",
    "subscriptionKeyParameterNames": {"header": "Ocp-Apim-Subscription-Key", "query": "subscription-key"},
    "subscriptionRequired": True,
    "type": "http",
}


def pfx(name: str) -> dict[str, str]:
    return {"data": base64.b64encode(issue(name).pfx_file()).decode(), "password": "secret"}


def test_terraform_creates_updates_and_destroys_without_any_condition(wire: Wire) -> None:
    wire.version = "2022-08-01"
    # plan and apply: look first, create, read
    assert wire.get("certificates/orders").status_code == 404
    assert wire.put("certificates/orders", pfx("first")).status_code == 201
    assert wire.get("certificates/orders").status_code == 200
    assert wire.get("apis/orders;rev=1").status_code == 404
    assert wire.put("apis/orders;rev=1", API).status_code == 201
    shown = read(wire.get("apis/orders;rev=1"))["properties"]
    assert {name: shown[name] for name in ("displayName", "path", "protocols", "serviceUrl", "isCurrent")} == {
        name: API[name] for name in ("displayName", "path", "protocols", "serviceUrl", "isCurrent")
    }
    operation = {"displayName": "Get", "method": "GET", "urlTemplate": "/{id}", "templateParameters": [{"name": "id", "type": "string"}]}
    assert wire.get("apis/orders/operations/get").status_code == 404
    assert wire.put("apis/orders/operations/get", operation).status_code == 201
    assert wire.get("apis/orders/policies/policy?format=xml").status_code == 404
    document = {
        "format": "rawxml",
        "value": '<policies><inbound><authentication-certificate certificate-id="orders" /></inbound></policies>',
    }
    assert wire.put("apis/orders/policies/policy", document).status_code == 201
    assert wire.put("subscriptions/shop", {"displayName": "Shop", "scope": "/apis/orders", "state": "submitted"}).status_code == 201
    assert read(wire.get("subscriptions/shop"))["properties"]["state"] == "submitted"
    assert wire.post("subscriptions/shop/listSecrets").status_code == 200
    # a change, and the renewal of the certificate
    assert wire.put("certificates/orders", pfx("second")).status_code == 200
    assert wire.patch("apis/orders;rev=1", {"displayName": "All orders"}).status_code == 200
    assert wire.patch("subscriptions/shop", {"state": "active"}).status_code == 200
    # destroy
    assert wire.delete("subscriptions/shop").status_code == 200
    assert wire.delete("apis/orders/policies/policy").status_code == 200
    assert wire.delete("apis/orders/operations/get").status_code == 200
    assert wire.delete("apis/orders;rev=1?deleteRevisions=true").status_code == 204
    assert wire.get("apis/orders;rev=1").status_code == 404
    assert wire.delete("certificates/orders").status_code == 200
    assert wire.delete("certificates/orders").status_code == 204


def test_the_command_line_client_creates_with_if_match_any(wire: Wire) -> None:
    wire.version = "2022-08-01"
    created = wire.put("apis/orders", API, If_Match="*")
    assert created.status_code == 201
    assert not created.has_header("Location")
    # its update: read, change, write the whole entity back
    whole = read(wire.get("apis/orders"))
    whole["properties"]["displayName"] = "All orders"
    updated = wire.request("PUT", "apis/orders", whole, If_Match="*")
    assert (updated.status_code, read(updated)["properties"]["displayName"]) == (200, "All orders")
    assert (
        wire.put("apis/orders/operations/get", {"displayName": "G", "method": "GET", "urlTemplate": "/"}, If_Match="*").status_code == 201
    )
    assert wire.put("subscriptions/shop", {"displayName": "Shop", "scope": f"{S}/apis"}, If_Match="*").status_code == 201
    assert wire.put("backends/orders", {"url": "https://orders.example.com", "protocol": "http"}, If_Match="*").status_code == 201
    assert wire.delete("apis/orders", If_Match="*").status_code == 204


def test_an_etag_that_is_not_current_changes_nothing(wire: Wire) -> None:
    make_api("orders")
    tag = wire.get("apis/orders")["ETag"]
    assert wire.patch("apis/orders", {"displayName": "One"}, If_Match=tag).status_code == 200
    for answer in (
        wire.patch("apis/orders", {"displayName": "Two"}, If_Match=tag),
        wire.put("apis/orders", {**API, "displayName": "Two"}, If_Match=tag),
        wire.put("apis/orders", {**API, "displayName": "Two"}, If_None_Match="*"),
        wire.delete("apis/orders", If_Match=tag),
        wire.put("apis/other", {**API, "path": "other"}, If_Match=tag),
    ):
        assert (answer.status_code, read(answer)["error"]["code"]) == (412, "PreconditionFailed")
    assert Api.objects.get().display_name == "One"
    fresh = wire.get("apis/orders")["ETag"]
    assert wire.request("HEAD", "apis/orders")["ETag"] == fresh
    assert wire.get("apis/orders", If_None_Match=fresh).status_code == 304
    assert wire.delete("apis/orders", If_Match=f"W/{fresh}").status_code == 204


def test_a_renewed_entity_never_has_the_etag_of_a_deleted_one(wire: Wire) -> None:
    tags = set()
    for _ in range(2):
        tags.add(wire.put("apis/orders", API)["ETag"])
        wire.delete("apis/orders")
    assert len(tags) == 2


def test_a_put_of_an_existing_certificate_adds_a_version_and_the_same_again_none(wire: Wire) -> None:
    first, second = pfx("first"), pfx("second")
    wire.put("certificates/orders", first)
    tag = wire.put("certificates/orders", second)["ETag"]
    again = wire.put("certificates/orders", second)
    assert (again.status_code, again["ETag"]) == (200, tag)
    entry = ClientCertificate.objects.get()
    assert entry.versions.count() == 2
    wire.put("certificates/orders", first)  # what was there before is current again
    entry.refresh_from_db()
    assert entry.current is not None
    assert (entry.current.number, entry.versions.count()) == (1, 2)
    assert Activity.objects.filter(event=Event.CERTIFICATE_REPLACED).count() == 1


def test_neither_data_nor_password_comes_back(wire: Wire) -> None:
    answer = wire.put("certificates/orders", pfx("orders"))
    judged = {"keyUsage", "extendedKeyUsage", "signatureAlgorithm", "warnings"}
    assert set(read(answer)["properties"]) == {"subject", "thumbprint", "expirationDate"} | judged
    assert b"secret" not in answer.content


def test_answers_say_on_how_many_gateways_the_newest_change_is_live(wire: Wire) -> None:
    api = make_api("orders")
    make_certificate("client")
    assert wire.get("apis/orders")["x-portal-live"] == "nowhere;on=0;of=0"
    make_gateway(applied_change=last_line())
    for path in ("apis/orders", "certificates/client"):
        assert wire.get(path)["x-portal-live"].startswith("live;on=1;of=1")
    assert wire.patch(f"apis/{api.name}", {"displayName": "Changed"})["x-portal-live"].startswith("waiting;on=0;of=1")


def test_json_is_taken_whatever_it_is_called(wire: Wire) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json", ""):
        assert wire.request("PUT", "apis/orders", {"properties": API}, Content_Type=kind).status_code in {200, 201}


def test_a_policy_binds_the_entry_whichever_of_its_versions_is_named(wire: Wire) -> None:
    make_api("orders")
    entry = make_certificate("orders")
    assert entry.current is not None
    old = entry.current.thumbprint
    wire.put("certificates/orders", pfx("renewed"))
    entry.refresh_from_db()
    for named in (f'thumbprint="{old}"', f'certificate-id="{S}/certificates/orders" thumbprint="{old}"'):
        value = f"<policies><inbound><base /><authentication-certificate {named} /></inbound></policies>"
        shown = read(wire.put("apis/orders/policies/policy", {"value": value}))["properties"]["value"]
        assert f'certificate-id="orders" thumbprint="{entry.current.thumbprint}"' in shown
    tag = wire.get("apis/orders/policies/policy")["ETag"]
    wire.put("certificates/orders", pfx("again"))
    assert wire.get("apis/orders/policies/policy")["ETag"] != tag


def test_a_basic_password_is_masked_and_its_mask_keeps_it(wire: Wire) -> None:
    make_api("orders")
    first = '<policies><inbound><authentication-basic username="u" password="hunter2" /></inbound></policies>'
    shown = read(wire.put("apis/orders/policies/policy", {"value": first}))["properties"]["value"]
    assert "hunter2" not in shown
    assert wire.put("apis/orders/policies/policy", {"value": shown.replace('"u"', '"v"')}).status_code == 200
    basic = Api.objects.get().basic_credentials
    assert (basic.username, basic.unseal().value) == ("v", b"hunter2")


def test_a_policy_without_rules_is_there_until_it_is_deleted(wire: Wire) -> None:
    make_api("orders")
    default = "<policies><inbound><base /></inbound><backend><base /></backend><outbound><base /></outbound></policies>"
    assert wire.put("apis/orders/policies/policy", {"value": default}).status_code == 201
    assert read(wire.get("apis/orders/policies"))["count"] == 1
    assert wire.delete("apis/orders/policies/policy").status_code == 200
    assert wire.get("apis/orders/policies/policy").status_code == 404


def test_what_has_no_effect_here_is_kept_and_given_back(wire: Wire) -> None:
    contact = {"name": "Shop", "url": "https://shop.example.com", "email": None}
    wire.put("apis/orders", {**API, "contact": contact, "termsOfServiceUrl": "https://shop.example.com/terms"})
    wire.patch("apis/orders", {"termsOfServiceUrl": None})
    shown = read(wire.get("apis/orders"))["properties"]
    assert shown["contact"] == contact
    assert "termsOfServiceUrl" not in shown


def test_a_back_end_entity_decides_over_the_apis_at_its_url(wire: Wire) -> None:
    make_certificate("client")
    make_api("orders", service_url="https://a.example.com/orders")
    make_api("returns", service_url="https://a.example.com/returns")
    make_api("elsewhere", service_url="https://a.example.com.example.org")
    wire.put("backends/all", {"url": "https://a.example.com", "tls": {"validateCertificateChain": False}})
    wire.put("backends/some", {"url": "https://a.example.com/orders/", "credentials": {"certificateIds": [f"{S}/certificates/client"]}})

    def state(name: str) -> tuple[bool, bool, str]:
        api = Api.objects.get(name=name)
        return api.validate_certificate_chain, api.validate_certificate_name, api.certificate.name if api.certificate else ""

    assert state("orders") == (True, True, "client")
    assert state("returns") == (False, False, "")
    assert state("elsewhere") == (True, True, "")
    wire.put("apis/new-one", {**API, "path": "later", "serviceUrl": "https://a.example.com/later"})
    assert state("new-one") == (False, False, "")
    assert read(wire.get("backends/all"))["properties"]["tls"] == {"validateCertificateChain": False, "validateCertificateName": False}
    wire.delete("backends/some")
    assert state("orders") == (False, False, "")
    wire.delete("backends/all")
    assert state("orders") == state("returns") == state("new-one") == (True, True, "")


def test_an_api_that_was_changed_by_hand_keeps_that_when_its_back_end_entity_goes(wire: Wire) -> None:
    make_certificate("client")
    make_api("orders", service_url="https://a.example.com")
    wire.put("backends/a", {"url": "https://a.example.com", "credentials": {"certificateIds": ["client"]}})
    document = '<policies><inbound><authentication-basic username="u" password="p" /></inbound></policies>'
    wire.put("apis/orders/policies/policy", {"value": document})
    wire.delete("backends/a")
    assert Api.objects.get().credentials == "basic"
