"""What a client reads is what it wrote, as long as it means the same; ids count in any case."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apis import actions
from apis.backends.models import BackEnd
from apis.models import Api, Operation, Subscription
from apis.policy import as_xml
from certificates.models import ClientCertificate
from kit.issuing import issue
from rest.models import Remarks
from tests.makers import make_api, make_certificate, make_subscription
from tests.rest.conftest import S, Wire, read
from tests.rest.test_recorded_sequences import pfx

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
API = {"displayName": "Orders", "path": "orders", "serviceUrl": "HTTPS://Orders.Example.COM/v2"}
POLICY = "apis/orders/policies/policy"


def shown(wire: Wire, path: str, name: str) -> object:
    return read(wire.get(path))["properties"][name]


def document(inbound: str) -> str:
    return f"<!-- ours -->\r\n<policies>\r\n\t<inbound>{inbound}</inbound>\r\n</policies>"


def test_addresses_come_back_as_they_were_written(wire: Wire) -> None:
    wire.put("apis/orders", API)
    wire.put("backends/orders", {"url": "https://Orders.example.com/", "protocol": "http"})
    wire.put("apis/orders/operations/get", {"displayName": "Get", "method": "GET", "urlTemplate": "größe/{id}"})
    assert shown(wire, "apis/orders", "serviceUrl") == API["serviceUrl"]
    assert shown(wire, "backends/orders", "url") == "https://Orders.example.com/"
    assert shown(wire, "apis/orders/operations/get", "urlTemplate") == "größe/{id}"
    wire.patch("apis/orders", {"description": "More"})
    wire.patch("backends/orders", {"title": "More"})
    wire.patch("apis/orders/operations/get", {"description": "More"})
    assert shown(wire, "apis/orders", "serviceUrl") == API["serviceUrl"]
    assert shown(wire, "backends/orders", "url") == "https://Orders.example.com/"
    assert shown(wire, "apis/orders/operations/get", "urlTemplate") == "größe/{id}"
    # What is called is what they mean.
    assert Api.objects.get().service_url == "https://orders.example.com/v2"
    assert BackEnd.objects.get().url == "https://orders.example.com"
    assert Operation.objects.get().url_template.startswith("/")


def test_an_address_that_was_changed_elsewhere_is_shown_as_it_is_now(wire: Wire) -> None:
    wire.put("apis/orders", API)
    settings = actions.ApiSettings(display_name="Orders", service_url="https://new.example.com", path="orders")
    actions.change_api(Api.objects.get(), settings, by=None, now=timezone.now())
    assert shown(wire, "apis/orders", "serviceUrl") == "https://new.example.com"
    wire.put("apis/orders", {**API, "serviceUrl": "https://orders.example.com"})
    assert shown(wire, "apis/orders", "serviceUrl") == "https://orders.example.com"
    assert Remarks.objects.get().properties == {}


@pytest.mark.parametrize("sent_as", ["xml", "rawxml"])
@pytest.mark.parametrize("inbound", ["", "<base />", '<authentication-certificate certificate-id="client" />'])
def test_a_policy_comes_back_as_it_was_sent(wire: Wire, sent_as: str, inbound: str) -> None:
    make_api("orders")
    make_certificate("client")
    text = document(inbound)
    assert read(wire.put(POLICY, {"value": text, "format": sent_as}))["properties"]["value"] == text
    for query in ("", "?format=rawxml"):
        assert shown(wire, f"{POLICY}{query}", "value") == text
    assert read(wire.get("apis/orders/policies"))["value"][0]["properties"]["value"] == text


def test_a_policy_that_no_longer_tells_what_is_done_is_shown_as_it_is_done(wire: Wire) -> None:
    api = make_api("orders")
    certificate = make_certificate("client")
    assert certificate.current is not None
    by_thumbprint = document(f'<authentication-certificate thumbprint="{certificate.current.thumbprint}" />')
    wire.put(POLICY, {"value": by_thumbprint})
    assert shown(wire, POLICY, "value") == by_thumbprint
    wire.put("certificates/client", pfx("renewed"))
    assert 'certificate-id="client"' in str(shown(wire, POLICY, "value"))
    by_id = document('<authentication-certificate certificate-id="client" />')
    wire.put(POLICY, {"value": by_id})
    wire.put("certificates/client", pfx("renewed again"))
    assert shown(wire, POLICY, "value") == by_id
    actions.change_calls(api, actions.ApiCalls(idle_seconds=300), by=None, now=timezone.now())
    assert 'timeout="300"' in str(shown(wire, POLICY, "value"))


@pytest.mark.parametrize(
    "inbound",
    [
        '<authentication-basic username="u" password="hunter2" />',
        '<base /><!-- <authentication-basic username="u" password="hunter2" /> -->',
        "<base /><!-- the Password is hunter2 -->",
    ],
)
def test_a_document_that_tells_a_password_is_not_kept(wire: Wire, inbound: str) -> None:
    make_api("orders")
    assert wire.put(POLICY, {"value": document(inbound)}).status_code == 201
    assert "hunter2" not in str(shown(wire, POLICY, "value"))
    assert "hunter2" not in str(Remarks.objects.get().properties)


def test_a_document_with_the_mask_of_a_password_comes_back_too(wire: Wire) -> None:
    make_api("orders")
    wire.put(POLICY, {"value": document('<authentication-basic username="u" password="hunter2" />')})
    masked = document('<authentication-basic username="u" password="***" />')
    wire.put(POLICY, {"value": masked})
    assert shown(wire, POLICY, "value") == masked
    assert 'username="u"' in as_xml(Api.objects.get().policy())


def test_the_older_versions_name_a_document_otherwise(wire: Wire) -> None:
    make_api("orders")
    wire.version = "2018-01-01"
    sent = {"policyContent": document("<base />"), "contentFormat": "xml"}
    assert read(wire.put(POLICY, sent))["properties"] == sent
    wire.version = "2018-06-01-preview"
    assert set(read(wire.get(POLICY))["properties"]) == {"value", "format"}


def test_ids_count_in_any_case(wire: Wire, publisher: User) -> None:
    assert wire.put("apis/Orders", API).status_code == 201
    assert wire.put("APIs/ORDERS", {**API, "displayName": "Again"}).status_code == 200
    assert wire.put("apis/orders/operations/Größe", {"displayName": "G", "method": "GET", "urlTemplate": "/"}).status_code == 201
    assert wire.get("apis/oRDERS;REV=1/operations/GRÖSSE").status_code == 200
    assert wire.put("backends/Shop", {"url": "https://shop.example.com", "protocol": "http"}).status_code == 201
    assert read(wire.get("backends/sHOP"))["name"] == "Shop"
    body = {"displayName": "Shop", "scope": f"{S.upper()}/APIS/ORDERS"}
    assert wire.put("subscriptions/Shop", body).status_code == 201
    assert shown(wire, "subscriptions/SHOP", "scope") == f"{S}/apis/Orders"
    assert wire.post("Subscriptions/shop/listsecrets").status_code == 200
    assert wire.put("apis/ORDERS/policies/Policy", {"value": document("<base />")}).status_code == 201
    assert (Api.objects.count(), Operation.objects.count(), Subscription.objects.count(), BackEnd.objects.count()) == (1, 1, 1, 1)
    for path in ("apis/ORDERS/policies/POLICY", "apis/ORDERS/operations/größe", "subscriptions/shop", "backends/SHOP"):
        assert wire.delete(path).status_code in {200, 204}
    assert not Subscription.objects.exists()


def test_of_two_that_differ_in_case_the_very_spelling_is_meant(wire: Wire) -> None:
    make_api("orders", service_url="https://one.example.com", path="one")
    make_api("Orders", service_url="https://two.example.com", path="two")
    assert [shown(wire, f"apis/{name}", "path") for name in ("orders", "Orders")] == ["one", "two"]


def test_the_root_of_all_addresses_counts_in_any_case(wire: Wire) -> None:
    wire.prefix = wire.prefix.replace("/management", "/Management")
    assert wire.get("apis").status_code == 200
    assert wire.get("apis/").status_code == 200


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "no-such-charset"])
def test_what_a_body_is_written_in_does_not_change_the_address(wire: Wire, charset: str) -> None:
    wire.put("apis/orders", API)
    answer = wire.request("GET", "apis?$filter=name eq 'orders'", Content_Type=f"application/json; charset={charset}")
    assert (answer.status_code, read(answer)["count"]) == (200, 1)


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"])
def test_no_header_changes_what_is_asked_for(wire: Wire, header: str) -> None:
    make_subscription("shop")
    for value in ("DELETE", f"{wire.prefix}/certificates?api-version=2024-05-01"):
        answer = wire.get("subscriptions/shop", **{header: value})
        assert read(answer)["name"] == "shop"
    assert wire.request("POST", "subscriptions/shop", **{header: "GET"}).status_code == 405


def test_an_api_may_be_made_before_its_back_end_is_known(wire: Wire) -> None:
    made = wire.put("apis/orders", {"displayName": "Orders", "path": "orders"})
    assert (made.status_code, read(made)["properties"]["serviceUrl"]) == (201, None)
    assert read(wire.get("apis?$filter=serviceUrl eq null"))["count"] == 1
    assert wire.patch("apis/orders", {"serviceUrl": "https://orders.example.com"}).status_code == 200
    assert shown(wire, "apis/orders", "serviceUrl") == "https://orders.example.com"


def test_a_scope_is_given_back_with_the_revision_it_names_while_it_names_one(wire: Wire) -> None:
    for name in ("orders", "pets"):
        wire.put(f"apis/{name}", {"displayName": name, "path": name})
    for written, meant in (
        ("/apis/ORDERS;Rev=1", "orders;Rev=1"),
        (f"{S}/apis/orders;rev=1/", "orders;rev=1"),
        ("/apis/pets", "pets"),
        ("/apis/pets;rev=1", "pets;rev=1"),
    ):
        assert wire.put("subscriptions/shop", {"displayName": "Shop", "scope": written}).status_code in {200, 201}
        assert shown(wire, "subscriptions/shop", "scope") == f"{S}/apis/{meant}"
    assert [one["name"] for one in read(wire.get("subscriptions?$filter=endswith(scope,'rev=1')"))["value"]] == ["shop"]
    wire.patch("subscriptions/shop", {"displayName": "Shops"})
    assert shown(wire, "subscriptions/shop", "scope") == f"{S}/apis/pets;rev=1"
    subscription = Subscription.objects.get()
    actions.change_subscription(subscription, display_name="S", api=Api.objects.get(name="orders"), keys={}, by=None, now=timezone.now())
    assert shown(wire, "subscriptions/shop", "scope") == f"{S}/apis/orders"


def test_settings_for_callers_are_kept_and_nobody_is_deceived(wire: Wire) -> None:
    told = {"oAuth2": {"authorizationServerId": "company", "scope": "read"}}
    made = wire.put("apis/orders", {**API, "authenticationSettings": told})
    assert read(made)["properties"]["authenticationSettings"] == {**told, "openid": None}
    assert "does not check the tokens" in made["Warning"]
    assert not wire.put("apis/orders", API).has_header("Warning")


def test_a_certificate_is_found_in_any_case_as_before(wire: Wire) -> None:
    make_certificate("Client", issue("Client"))
    assert wire.get("certificates/CLIENT").status_code == 200
    assert ClientCertificate.objects.count() == 1
