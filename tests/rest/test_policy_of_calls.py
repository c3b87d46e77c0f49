"""The policy document as it says how calls go on: ``<cors>`` and ``<forward-request>``, put, shown, taken away."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from apis import actions
from apis.actions import ApiCalls
from apis.calls import CorsChoice
from apis.models import Api
from apis.policy import as_xml
from portal.models import Activity, Event
from tests.makers import make_api, make_certificate
from tests.rest.conftest import Wire, read, targets

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
POLICY = "apis/orders/policies/policy"
CORS = (
    '<cors allow-credentials="true"><allowed-origins><origin>HTTPS://Shop.Example.com/</origin></allowed-origins>'
    '<allowed-methods preflight-result-max-age="300"><method>get</method><method>PUT</method></allowed-methods>'
    "<allowed-headers><header>x-trace</header></allowed-headers><expose-headers><header>etag</header></expose-headers></cors>"
)
CERTIFICATE = '<authentication-certificate certificate-id="client" />'
BASE = "<policies><inbound><base /></inbound><backend><base /></backend></policies>"


def document(inbound: str = "", backend: str = "") -> dict[str, Any]:
    return {"value": f"<policies><inbound><base />{inbound}</inbound><backend>{backend}</backend></policies>"}


def put(wire: Wire, inbound: str = "", backend: str = "", **headers: str) -> HttpResponse:
    return wire.put(POLICY, document(inbound, backend), **headers)


def calls() -> ApiCalls:
    return ApiCalls.of(Api.objects.get())


def change(**chosen: Any) -> None:
    actions.change_calls(Api.objects.get(), ApiCalls(**chosen), by=None, now=timezone.now())


def test_what_a_document_says_is_done_and_shown(wire: Wire) -> None:
    make_api("orders")
    make_certificate("client")
    answer = put(wire, CORS + CERTIFICATE, '<forward-request timeout="300" />')
    assert answer.status_code == 201, answer.content
    assert calls() == ApiCalls(
        idle_seconds=300,
        cors=CorsChoice.GATEWAY,
        cors_origins=("https://shop.example.com",),
        cors_methods=("GET", "PUT"),
        cors_headers=("x-trace",),
        cors_exposed=("etag",),
        cors_max_age=300,
        cors_credentials=True,
    )
    effective = as_xml(Api.objects.get().policy())
    for words in ("<origin>https://shop.example.com</origin>", 'max-age="300"', "<method>GET</method>", 'timeout="300"', 'id="client"'):
        assert words in effective
    again = wire.put(POLICY, {"value": read(answer)["properties"]["value"]})
    assert (again.status_code, read(again)["properties"]) == (200, read(answer)["properties"])


def test_the_order_of_cors_and_credentials_does_not_matter(wire: Wire) -> None:
    make_api("orders")
    make_certificate("client")
    effective = set()
    for inbound in (CORS + CERTIFICATE, CERTIFICATE + CORS):
        assert put(wire, inbound).status_code in {200, 201}
        effective.add(as_xml(Api.objects.get().policy()))
    assert len(effective) == 1


def test_a_document_without_them_puts_back_what_is_usual_and_leaves_what_no_document_holds(wire: Wire) -> None:
    make_api("orders")
    kept: dict[str, Any] = {"connect_seconds": 9, "longest_seconds": 3600, "retry_calls": False, "rewrite_redirects": False}
    change(**kept, idle_seconds=300, cors=CorsChoice.GATEWAY, cors_origins=("*",), cors_max_age=5)
    assert wire.put(POLICY, {"value": BASE}).status_code == 200
    assert calls() == ApiCalls(**kept)


def test_that_the_back_end_answers_browsers_is_left_alone_until_a_document_says_otherwise(wire: Wire) -> None:
    make_api("orders")
    change(cors=CorsChoice.BACK_END, idle_seconds=7)
    put(wire)
    assert calls() == ApiCalls(cors=CorsChoice.BACK_END)
    wire.delete(POLICY)
    assert calls() == ApiCalls(cors=CorsChoice.BACK_END)
    put(wire, CORS)
    assert calls().cors == CorsChoice.GATEWAY


def test_deleting_the_policy_forwards_as_usual_and_presents_nothing(wire: Wire) -> None:
    make_api("orders")
    make_certificate("client")
    put(wire, CORS + CERTIFICATE, '<forward-request timeout="300" />')
    assert wire.delete(POLICY).status_code == 200
    assert calls() == ApiCalls()
    assert Api.objects.get().certificate is None
    assert wire.get(POLICY).status_code == 404
    assert wire.delete(POLICY).status_code == 204


@pytest.mark.parametrize("chosen", [{"idle_seconds": 90}, {"cors": CorsChoice.GATEWAY, "cors_origins": ("*",)}])
def test_what_was_chosen_on_the_page_is_a_policy_too(wire: Wire, chosen: dict[str, Any]) -> None:
    make_api("orders")
    assert wire.get(POLICY).status_code == 404
    change(**chosen)
    assert wire.get(POLICY).status_code == 200
    assert read(wire.get("apis/orders/policies"))["count"] == 1


@pytest.mark.parametrize(
    "element",
    [
        "<forward-request />",
        '<forward-request follow-redirects="false" />',
        '<forward-request buffer-request-body="false" buffer-response="false" fail-on-error-status-code="false" />',
        "",
        "<base />",
    ],
)
def test_forwarding_that_says_nothing_does_nothing(wire: Wire, element: str) -> None:
    make_api("orders")
    change(connect_seconds=3)
    assert put(wire, backend=element).status_code == 201
    assert calls() == ApiCalls(connect_seconds=3)
    assert not Activity.objects.filter(event=Event.API_CALLS_CHANGED).exclude(details={"connect_seconds": 3}).exists()


@pytest.mark.parametrize(
    ("inbound", "backend", "element"),
    [
        ("<cors />", "", "cors"),
        ("<cors><allowed-origins /></cors>", "", "cors"),
        ("<cors><allowed-origins><origin>shop</origin></allowed-origins></cors>", "", "origin"),
        ("<cors><allowed-origins><origin>https://shop.example.com:0</origin></allowed-origins></cors>", "", "origin"),
        ("<cors><allowed-origins><host>*</host></allowed-origins></cors>", "", "allowed-origins"),
        (CORS.replace("<method>get", "<method>g et"), "", "method"),
        (CORS.replace("<header>x-trace", "<header>x:trace"), "", "header"),
        (CORS.replace('"300"', '"86401"'), "", "allowed-methods"),
        (CORS.replace('"300"', '"soon"'), "", "allowed-methods"),
        (CORS.replace("HTTPS://Shop.Example.com/", "*"), "", "cors"),
        (CORS.replace("<header>etag", "<header>*"), "", "cors"),
        (CORS.replace('"true"', '"yes"'), "", "cors"),
        (CORS.replace("<cors", '<cors colour="red"'), "", "cors"),
        (CORS.replace("<cors", '<cors terminate-unmatched-request="true"'), "", "cors"),
        (CORS + CORS, "", "cors"),
        ("", CORS, "cors"),
        ("<forward-request />", "", "forward-request"),
        ("", '<forward-request timeout="0" />', "forward-request"),
        ("", '<forward-request timeout="3601" />', "forward-request"),
        ("", '<forward-request timeout="1.5" />', "forward-request"),
        ("", '<forward-request timeout="٣" />', "forward-request"),
        ("", '<forward-request follow-redirects="true" />', "forward-request"),
        ("", '<forward-request timeout="3" /><forward-request timeout="4" />', "forward-request"),
        ("", "<forward-request><base /></forward-request>", "base"),
    ],
)
def test_a_fault_is_named_by_its_element_and_nothing_is_changed(wire: Wire, inbound: str, backend: str, element: str) -> None:
    make_api("orders")
    change(idle_seconds=300)
    answer = put(wire, inbound, backend)
    assert (answer.status_code, read(answer)["error"]["code"]) == (400, "ValidationError")
    assert targets(answer) == [element]
    assert calls() == ApiCalls(idle_seconds=300)


def test_each_way_to_change_it_is_a_new_etag_and_an_old_one_is_refused(wire: Wire) -> None:
    make_api("orders")
    first = put(wire, CORS)["ETag"]
    assert wire.get(POLICY)["ETag"] == first
    second = put(wire, "", '<forward-request timeout="9" />', If_Match=first)
    assert second.status_code == 200
    assert second["ETag"] == wire.get(POLICY)["ETag"] != first
    change(idle_seconds=10)
    assert wire.get(POLICY)["ETag"] not in {first, second["ETag"]}
    assert put(wire, CORS, If_Match=second["ETag"]).status_code == 412
    assert wire.delete(POLICY, If_Match=first).status_code == 412
    assert calls() == ApiCalls(idle_seconds=10)


def test_the_log_names_only_what_a_document_has_changed(wire: Wire) -> None:
    make_api("orders")
    put(wire, "", '<forward-request timeout="9" />')
    put(wire, "", '<forward-request timeout="9" />')
    assert [line.details for line in Activity.objects.filter(event=Event.API_CALLS_CHANGED)] == [{"idle_seconds": 9}]
