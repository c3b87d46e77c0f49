"""Back ends in the published shapes: pools, circuit breakers, authorization, and APIs that use them by their policies."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apis.backends import actions
from apis.backends.actions import BackEndSettings
from apis.backends.models import BackEnd
from apis.models import Api
from certificates.sealing import Secret
from kit.issuing import issue
from rest.configuration.exporting import configuration
from tests.makers import lead, make_api, make_back_end, make_certificate
from tests.rest.conftest import S, Wire, read
from tests.rest.declared.files import applied

pytestmark = pytest.mark.django_db

RULE = {
    "name": "failing",
    "failureCondition": {"count": 3, "interval": "PT5M", "statusCodeRanges": [{"min": 500, "max": 599}]},
    "tripDuration": "PT1M",
}


def policy(inbound: str) -> dict[str, Any]:
    return {"value": f"<policies><inbound><base />{inbound}</inbound></policies>", "format": "xml"}


def properties(wire: Wire, path: str) -> Any:
    return read(wire.get(path))["properties"]


def test_a_pool_is_given_back_as_it_was_sent(wire: Wire) -> None:
    for name in ("one", "two"):
        wire.put(f"backends/{name}", {"url": f"https://{name}.example.com", "protocol": "http"})
    services = [
        {"id": f"{S}/backends/one", "weight": 3, "priority": 1},
        {"id": f"{S}/backends/two", "weight": 1, "priority": 2},
    ]
    assert wire.put("backends/both", {"type": "Pool", "pool": {"services": services}}).status_code == 201
    shown = properties(wire, "backends/both")
    assert (shown["type"], shown["pool"]["services"]) == ("Pool", services)
    assert [one["url"] for one in BackEnd.objects.get(name="both").addresses] == ["https://one.example.com", "https://two.example.com"]
    names = [one["name"] for one in read(wire.get("backends?$filter=type eq 'Pool'"))["value"]]
    assert names == ["both"]


@pytest.mark.parametrize(
    ("sent", "target"),
    [
        ({"type": "Pool", "pool": {"services": []}}, "pool.services"),
        ({"type": "Pool", "pool": {"services": [{"id": "/backends/none"}]}}, "pool.services"),
        ({"type": "Pool", "pool": {"services": [{"id": "/backends/one", "weight": 0}]}}, "pool.services"),
        ({"type": "Pool", "pool": {"services": [{"id": "/backends/one"}]}, "url": "https://a.example.com"}, "url"),
        ({"type": "Heap", "url": "https://a.example.com"}, "type"),
        ({"url": "https://a.example.com", "circuitBreaker": {"rules": [RULE, RULE]}}, "circuitBreaker.rules"),
        ({"url": "https://a.example.com", "circuitBreaker": {"rules": [RULE | {"tripDuration": "PT2H"}]}}, "circuitBreaker.rules"),
        (
            {"url": "https://a.example.com", "circuitBreaker": {"rules": [RULE | {"failureCondition": {"percentage": 5}}]}},
            "circuitBreaker.rules",
        ),
        *(
            (
                {"url": "https://a.example.com", "circuitBreaker": {"rules": [RULE | {"failureCondition": {"statusCodeRanges": ranges}}]}},
                "circuitBreaker.rules",
            )
            for ranges in (5, "5xx", {"min": 500}, [500], [None])
        ),
        ({"type": "Pool", "pool": {"services": [{"id": "/backends/basic"}]}}, "pool.services"),
        (
            {"url": "https://a.example.com", "credentials": {"authorization": {"scheme": "Bearer", "parameter": "x"}}},
            "credentials.authorization.scheme",
        ),
        (
            {"url": "https://a.example.com", "credentials": {"authorization": {"scheme": "Basic", "parameter": "%"}}},
            "credentials.authorization.parameter",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(wire: Wire, sent: dict[str, Any], target: str) -> None:
    wire.put("backends/one", {"url": "https://one.example.com"})
    basic = {"authorization": {"scheme": "Basic", "parameter": base64.b64encode(b"u:p").decode()}}
    assert wire.put("backends/basic", {"url": "https://basic.example.com", "credentials": basic}).status_code == 201
    answer = wire.put("backends/fresh", sent)
    assert answer.status_code == 400
    assert target in {detail["target"] for detail in read(answer)["error"]["details"]}
    assert not BackEnd.objects.filter(name="fresh").exists()


def test_a_back_end_does_not_become_a_pool_of_itself(wire: Wire) -> None:
    wire.put("backends/one", {"url": "https://one.example.com"})
    answer = wire.put("backends/one", {"type": "Pool", "pool": {"services": [{"id": "/backends/one"}]}})
    assert answer.status_code == 400
    assert not BackEnd.objects.get(name="one").is_pool


def test_members_that_differ_are_refused(wire: Wire) -> None:
    make_back_end("one", certificate=make_certificate())
    make_back_end("two", "https://two.example.com")
    services = [{"id": f"/backends/{name}"} for name in ("one", "two")]
    answer = wire.put("backends/both", {"type": "Pool", "pool": {"services": services}})
    assert (answer.status_code, "alike" in answer.content.decode()) == (400, True)


def test_a_circuit_breaker_leaves_an_address_out_and_is_given_back(wire: Wire) -> None:
    answer = wire.put("backends/shop", {"url": "https://shop.example.com", "circuitBreaker": {"rules": [RULE]}})
    assert "in a row" in answer.headers["Warning"]
    row = BackEnd.objects.get(name="shop")
    assert (row.eject_after, row.eject_seconds) == (3, 60)
    assert properties(wire, "backends/shop")["circuitBreaker"] == {"rules": [RULE]}
    wire.patch("backends/shop", {"title": "Shop"})
    assert BackEnd.objects.get(name="shop").eject_after == 3
    wire.put("backends/shop", {"url": "https://shop.example.com"})
    assert BackEnd.objects.get(name="shop").eject_after is None


def test_checks_are_shown_as_they_were_sent_while_they_mean_the_same(wire: Wire) -> None:
    url = {"url": "https://shop.example.com"}
    wire.put("backends/shop", url)
    shown = properties(wire, "backends/shop")
    assert (shown["tls"], shown["credentials"]) == (None, None)
    for sent in ({"validateCertificateChain": False, "validateCertificateName": True}, {"validateCertificateChain": True}):
        answer = wire.put("backends/shop", {**url, "tls": sent, "circuitBreaker": {"rules": [RULE]}})
        assert ("validateCertificateName" in answer["Warning"]) == ("validateCertificateName" in sent)
        assert properties(wire, "backends/shop")["tls"] == {"validateCertificateName": True, **sent}
        wire.patch("backends/shop", {"title": "Shop"})
        assert properties(wire, "backends/shop")["tls"] == {"validateCertificateName": True, **sent}
    row = BackEnd.objects.get()
    settings = replace(BackEndSettings.of(row), validate_certificate_name=False)
    actions.change_back_end(row, settings, by=None, now=timezone.now())
    assert properties(wire, "backends/shop")["tls"] == {"validateCertificateChain": True, "validateCertificateName": False}
    wire.put("backends/shop", url)
    assert properties(wire, "backends/shop")["tls"] is None


def test_that_empty_credentials_were_sent_is_kept_and_none_of_what_they_held(wire: Wire) -> None:
    url = {"url": "https://shop.example.com"}
    wire.put("backends/shop", {**url, "credentials": {"header": {"X-Key": ["open sesame"]}}})
    assert "open sesame" not in str(BackEnd.objects.get().remarks)
    wire.put("backends/shop", {**url, "credentials": {"certificateIds": []}})
    assert properties(wire, "backends/shop")["credentials"] == {"certificateIds": [], "certificate": []}
    wire.put("backends/shop", url)
    assert properties(wire, "backends/shop")["credentials"] is None


def test_what_a_pool_cannot_do_is_kept_and_told(wire: Wire) -> None:
    wire.put("backends/one", {"url": "https://one.example.com"})
    affinity = {"sessionAffinity": {"sessionId": {"source": "cookie", "name": "S"}}, "failureResponse": {"statusCode": 503}}
    pool = {"services": [{"id": f"{S}/backends/one", "weight": 1, "priority": 0}], **affinity}
    answer = wire.put("backends/both", {"type": "Pool", "pool": pool})
    assert "sessionAffinity" in answer["Warning"]
    assert "failureResponse" in answer["Warning"]
    assert properties(wire, "backends/both")["pool"] == pool
    plain = {"services": pool["services"]}
    assert not wire.put("backends/both", {"type": "Pool", "pool": plain}).has_header("Warning")
    assert properties(wire, "backends/both")["pool"] == plain


def test_an_authorization_is_kept_and_masked(wire: Wire) -> None:
    parameter = base64.b64encode(b"shop:open sesame").decode()
    sent = {"url": "https://shop.example.com", "credentials": {"authorization": {"scheme": "Basic", "parameter": parameter}}}
    assert wire.put("backends/shop", sent).status_code == 201
    shown = properties(wire, "backends/shop")
    assert shown["credentials"]["authorization"] == {"scheme": "Basic", "parameter": "***"}
    assert wire.put("backends/shop", shown).status_code == 200
    row = BackEnd.objects.get(name="shop")
    assert (row.password.username, row.password.unseal()) == ("shop", Secret(b"open sesame"))


def test_a_policy_leads_to_a_back_end_and_back(wire: Wire) -> None:
    api = make_api()
    make_back_end(certificate=make_certificate())
    assert wire.put("apis/orders/policies/policy", policy('<set-backend-service backend-id="shop" />')).status_code == 201
    api.refresh_from_db()
    assert (api.back_end and api.back_end.name, api.certificate and api.certificate.name) == ("shop", "orders-client")
    assert properties(wire, "apis/orders")["serviceUrl"] == "https://orders.example.com"
    assert 'backend-id="shop"' in properties(wire, "apis/orders/policies/policy")["value"]
    wire.delete("apis/orders/policies/policy")
    api.refresh_from_db()
    assert (api.back_end, api.certificate, api.service_url) == (None, None, "https://orders.example.com")


def test_a_policy_leads_to_another_address(wire: Wire) -> None:
    wire.put("apis/orders", {"displayName": "Orders", "path": "orders"})
    wire.put("apis/orders/policies/policy", policy('<set-backend-service base-url="https://other.example.com/v2" />'))
    api = Api.objects.get(name="orders")
    assert (api.service_url, api.own_address, api.base_url) == ("https://other.example.com/v2", "", "https://other.example.com/v2")
    assert properties(wire, "apis/orders")["serviceUrl"] is None
    wire.patch("apis/orders", {"serviceUrl": "https://own.example.com"})
    api.refresh_from_db()
    assert (api.service_url, api.own_address) == ("https://other.example.com/v2", "https://own.example.com")


@pytest.mark.parametrize(
    ("inbound", "element"),
    [
        ('<set-backend-service backend-id="none" />', "set-backend-service"),
        ('<set-backend-service base-url="ftp://a.example.com" />', "set-backend-service"),
        ('<set-backend-service base-url="https://169.254.169.254" />', "set-backend-service"),
        ("<set-backend-service />", "set-backend-service"),
        ('<set-backend-service backend-id="shop" base-url="https://a.example.com" />', "set-backend-service"),
        ('<set-backend-service backend-id="shop" /><authentication-basic username="a" password="b" />', "authentication-basic"),
        ('<set-backend-service backend-id="shop" /><authentication-certificate certificate-id="other" />', "authentication-certificate"),
    ],
)
def test_a_document_that_leads_nowhere_is_refused_by_its_element(wire: Wire, inbound: str, element: str) -> None:
    api = make_api()
    make_back_end(certificate=make_certificate())
    make_certificate("other", issue("other"))
    answer = wire.put("apis/orders/policies/policy", policy(inbound))
    assert answer.status_code == 400
    assert element in answer.content.decode()
    api.refresh_from_db()
    assert (api.back_end, api.service_url) == (None, "https://orders.example.com")


def test_the_certificate_of_the_back_end_may_stand_beside_it(wire: Wire) -> None:
    make_api()
    make_back_end(certificate=make_certificate())
    both = '<set-backend-service backend-id="shop" /><authentication-certificate certificate-id="orders-client" />'
    assert wire.put("apis/orders/policies/policy", policy(both)).status_code == 201


def test_what_is_used_is_not_deleted_and_the_answer_names_by_what(wire: Wire) -> None:
    lead(make_api(), make_back_end(certificate=make_certificate()))
    answer = wire.delete("backends/shop")
    assert (answer.status_code, "orders" in answer.content.decode()) == (409, True)
    lead(Api.objects.get(), None)
    answer = wire.delete("certificates/orders-client")
    assert (answer.status_code, "shop" in answer.content.decode()) == (409, True)


def test_a_back_end_made_in_the_portal_counts_for_those_that_choose_it_alone(wire: Wire) -> None:
    api = make_api(service_url="https://shop.example.com/orders")
    make_back_end(certificate=make_certificate())
    wire.patch("apis/orders", {"description": "Changed."})
    api.refresh_from_db()
    assert api.certificate is None
    wire.put("backends/by-url", {"url": "https://shop.example.com/orders", "tls": {"validateCertificateName": False}})
    api.refresh_from_db()
    assert api.validate_certificate_name is False


def test_a_configuration_brings_back_ends_and_who_uses_them(tmp_path: Path) -> None:
    certificate = make_certificate()
    one, two = (make_back_end(name, f"https://{name}.example.com", certificate=certificate) for name in ("one", "two"))
    several = make_back_end("several", "https://a.example.com", "https://b.example.com", eject_after=3, health_path="/health")
    addresses = tuple({"member": row.name, "url": row.url, "weight": 2, "priority": 0} for row in (one, two))
    pool = actions.create_back_end("a-pool", BackEndSettings(url=one.url, addresses=addresses), by=None, now=timezone.now())
    lead(make_api("first"), several)
    lead(make_api("second"), pool)
    before = configuration()
    Api.objects.all().delete()
    BackEnd.objects.all().delete()
    assert applied(before, tmp_path)
    assert configuration() == before
    assert applied(before, tmp_path, "--delete-unmentioned") == []
