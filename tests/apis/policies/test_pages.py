"""The editor of policies, its check and its forms, for all APIs, an API and an operation."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from apis.models import Api, Operation, ServicePolicy
from apis.policies.actions import put_api_document, put_operation_document, put_service_document
from apis.policy.model import SECTIONS
from portal.models import Activity, Event
from tests.makers import make_api, make_certificate, make_named_value

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
API, OPERATION, SERVICE = "/apis/orders/policy/", "/apis/orders/operations/everything/policy/", "/policies/"


def document(inbound: str = "", outbound: str = "<base />") -> str:
    return f"<policies>\n  <inbound>\n    <base />{inbound}\n  </inbound>\n  <outbound>{outbound}</outbound>\n</policies>\n"


def header(name: str, value: str = "1") -> str:
    return f'<set-header name="{name}"><value>{value}</value></set-header>'


@pytest.mark.parametrize("address", [API, OPERATION, SERVICE])
def test_a_document_is_saved_and_shown_as_it_was_written(signed_in: Client, address: str) -> None:
    make_api("orders")
    text = document("<!-- mine -->" + header("X-A", "a &amp; b"))
    assert signed_in.post(address, {"document": text}).status_code == 303
    answer = signed_in.get(address)
    assert answer.context["form"]["document"].value() == text
    assert 'name="X-A"' in "".join(piece.text for piece in answer.context["beside"]["pieces"])


def test_the_editor_knows_how_each_policy_is_written_and_where_it_may_stand(signed_in: Client) -> None:
    make_api("orders")
    make_named_value("word", "x")
    script = (settings.BASE_DIR / "static" / "policy.js").read_text(encoding="utf-8")
    for address, own in ((API, True), (OPERATION, False), (SERVICE, False)):
        page = signed_in.get(address)
        offered = json.loads(page.context["completes"])
        assert ("authentication-certificate" in offered["inbound"]) == own
        assert (offered["outbound"], offered["on-error"]) == (["base", "set-header"], ["base"])
        assert all(f'"{name}": ' in script for names in offered.values() for name in names)
        assert json.loads(page.context["values"]) == ["word"]


@pytest.mark.parametrize("address", [API, OPERATION, SERVICE])
def test_a_mistake_is_told_with_its_line_and_nothing_is_stored_or_lost(signed_in: Client, address: str) -> None:
    make_api("orders")
    text = document(header("X-A") + "\n<quota />")
    answer = signed_in.post(address, {"document": text})
    assert answer.status_code == 422
    assert "Error in element &#x27;quota&#x27; on line 4" in answer.content.decode()
    assert answer.context["form"]["document"].value() == text
    assert not Api.objects.get().document
    assert not Operation.objects.get().document
    assert not ServicePolicy.objects.exists()


def test_what_holds_in_the_end_is_what_all_documents_say(signed_in: Client) -> None:
    api = make_api("orders")
    cors = "<cors><allowed-origins><origin>https://shop.example.com</origin></allowed-origins></cors>"
    put_service_document(document(cors + header("X-Service")), by=None, now=timezone.now())
    put_api_document(api, document(header("X-Api")), by=None, now=timezone.now())
    put_operation_document(Operation.objects.get(), document(header("X-Operation")), by=None, now=timezone.now())
    text = "".join(piece.text for piece in signed_in.get(OPERATION).context["beside"]["pieces"])
    assert text.index("<cors>") < text.index("X-Service") < text.index("X-Api") < text.index("X-Operation")
    policy = Api.objects.get().policy()
    assert [type(one).__name__ for one in policy.inbound] == ["Cors"]
    assert policy.forwarding.preflights == "gateway"


def test_the_check_answers_what_is_wrong_or_what_it_makes_and_stores_nothing(signed_in: Client) -> None:
    make_api("orders")
    lines = Activity.objects.count()
    assert "no named value nobody" in signed_in.post(f"{API}check/", {"document": document(header("a", "{{nobody}}"))}).content.decode()
    good = signed_in.post(f"{API}check/", {"document": document(header("X-A"))}).content.decode()
    assert "Not saved yet" in good
    assert "X-A" in good
    assert (Api.objects.get().document, Activity.objects.count()) == ("", lines)


def test_settings_and_document_say_the_same(signed_in: Client) -> None:
    make_api("orders")
    make_certificate("client")
    text = document('<authentication-certificate certificate-id="client" />' + header("X-A"))
    signed_in.post(API, {"document": text})
    assert Api.objects.get(certificate__name="client")
    signed_in.post("/apis/orders/security/", {"credentials": "none", "validate_certificate_chain": "on", "protocol": "auto"})
    shown = signed_in.get(API).context["form"]["document"].value()
    assert "authentication-certificate" not in shown
    assert "X-A" in shown


def test_a_password_is_never_shown_and_a_named_one_stands_by_its_name(signed_in: Client) -> None:
    make_api("orders")
    make_named_value("secret-word", "opensesame", secret=True)
    signed_in.post(API, {"document": document('<authentication-basic username="a" password="letmein" />')})
    assert "letmein" not in signed_in.get(API).content.decode()
    assert "letmein" not in Api.objects.get().document
    text = document('<authentication-basic username="a" password="{{secret-word}}" />')
    signed_in.post(API, {"document": text})
    page = signed_in.get(API)
    assert page.context["form"]["document"].value() == text
    assert "opensesame" not in page.content.decode()
    assert Api.objects.get().basic_credentials.unseal().value == b"opensesame"


def test_two_editors_do_not_overwrite_each_other(signed_in: Client) -> None:
    make_api("orders")
    for address in (API, OPERATION, SERVICE):
        seen = signed_in.get(address).context["form"]["revision"].value()
        signed_in.post(address, {"document": document(header("X-First"))})
        answer = signed_in.post(address, {"document": document(header("X-Second")), "revision": seen})
        assert answer.status_code == 422
        assert "Somebody else has saved this" in answer.content.decode()
        assert "X-First" in signed_in.get(address).context["form"]["document"].value()


def test_the_line_of_a_change_tells_old_and_new_and_takes_it_back(signed_in: Client) -> None:
    make_api("orders")
    signed_in.post(API, {"document": document(header("X-A"))})
    line = Activity.objects.get(event=Event.API_POLICY_CHANGED)
    shown, put = line.changes["document"]
    assert put == document(header("X-A"))
    assert shown.count("<base />") == len(SECTIONS)
    assert signed_in.post(f"/activity/{line.id}/undo/").status_code == 303
    assert "X-A" not in Api.objects.get().document


def test_an_operations_document_is_taken_back_too(signed_in: Client) -> None:
    make_api("orders")
    signed_in.post(OPERATION, {"document": document(header("X-A"))})
    line = Activity.objects.filter(event=Event.OPERATION_CHANGED).latest("id")
    assert signed_in.post(f"/activity/{line.id}/undo/").status_code == 303
    assert not Operation.objects.get().document


def test_a_form_takes_named_values_where_they_fit(signed_in: Client) -> None:
    make_api("orders")
    make_named_value("inner", "inner.example.com")
    make_named_value("my-address", "10.0.0.1")
    host = {"section_of": "inbound", "name": "Host", "exists_action": "override"}
    assert signed_in.post(f"{API}add/set-header/", host | {"values": "{{inner}}"}).status_code == 303
    assert signed_in.post(f"{API}add/set-header/", host | {"values": "{{nobody}}"}).status_code == 422
    assert signed_in.post(f"{API}add/ip-filter/", {"action": "allow", "addresses": "{{my-address}}-10.0.0.9"}).status_code == 303
    assert signed_in.post(f"{API}add/ip-filter/", {"action": "allow", "addresses": "{{inner}}"}).status_code == 422
    assert Api.objects.get().document.count("{{") == 2


def test_the_document_of_all_apis_is_taken_back_too(signed_in: Client) -> None:
    for text in (document(header("X-A")), document(header("X-B"))):
        signed_in.post(SERVICE, {"document": text})
    first, second = Activity.objects.filter(event=Event.POLICY_CHANGED).order_by("id")
    assert signed_in.post(f"/activity/{second.id}/undo/").status_code == 303
    assert ServicePolicy.current().document == document(header("X-A"))
    assert signed_in.post(f"/activity/{first.id}/restore/").status_code == 303
    assert not ServicePolicy.current().document


@pytest.mark.parametrize(
    ("statement", "sent", "written"),
    [
        (
            "set-header",
            {"section_of": "outbound", "name": "X-A", "exists_action": "skip", "values": "1"},
            '<set-header name="X-A" exists-action="skip">',
        ),
        ("set-query-parameter", {"name": "v", "exists_action": "override", "values": "1\n2"}, "<value>2</value>"),
        ("check-header", {"name": "X-A", "values": "", "status": "401", "message": "No <a>"}, 'failed-check-error-message="No &lt;a&gt;"'),
        (
            "ip-filter",
            {"action": "forbid", "addresses": "10.0.0.0/8\n192.0.2.1 - 192.0.2.9"},
            '<address-range from="192.0.2.1" to="192.0.2.9" />',
        ),
        ("rewrite-uri", {"template": "/v2"}, '<rewrite-uri template="/v2" />'),
        ("return-response", {"status": "200", "content_type": "text/plain", "body": "Hi"}, "<set-body>Hi</set-body>"),
    ],
)
def test_a_statement_is_added_by_a_form(signed_in: Client, statement: str, sent: dict[str, str], written: str) -> None:
    make_api("orders")
    signed_in.post(API, {"document": document("<!-- mine -->")})
    assert signed_in.post(f"{API}add/{statement}/", sent).status_code == 303
    text = Api.objects.get().document
    assert written in text
    assert "<!-- mine -->" in text


def test_a_form_of_a_statement_says_what_is_wrong(signed_in: Client) -> None:
    make_api("orders")
    answer = signed_in.post(f"{API}add/ip-filter/", {"action": "allow", "addresses": "ten"})
    assert answer.status_code == 422
    assert "“ten” is no IP address" in answer.content.decode()
    assert signed_in.get(f"{API}add/quota/").status_code == 404


def test_a_path_takes_only_parameters_of_the_operation(signed_in: Client) -> None:
    make_api("orders")
    rewriting = document('<rewrite-uri template="/v2/{id}" />')
    assert "has no parameter {id}" in signed_in.post(OPERATION, {"document": rewriting}).content.decode()
    assert "operation&#x27;s own policy" in signed_in.post(API, {"document": rewriting}).content.decode()


def test_a_url_template_keeps_the_parameters_that_the_policy_takes(signed_in: Client) -> None:
    make_api("orders")
    operation = "/apis/orders/operations/everything/"
    signed_in.post(operation, {"display_name": "everything", "method": "GET", "url_template": "/a/{id}"})
    signed_in.post(OPERATION, {"document": document('<rewrite-uri template="/v2/{id}" />')})
    answer = signed_in.post(operation, {"display_name": "everything", "method": "GET", "url_template": "/a/{number}"})
    assert answer.status_code == 422
    assert "has no parameter {id}" in answer.content.decode()


def test_what_is_wrong_with_a_document_is_said_in_the_readers_language(signed_in: Client) -> None:
    make_api("orders")
    sent = {"document": "<policies>\n<inbound>\n<quota calls='1' />\n</inbound>\n</policies>"}
    page = signed_in.post("/apis/orders/policy/", sent, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "第 3 行的元素“quota”有错误：此网关不认识策略 &lt;quota&gt;。" in page


def test_the_policy_of_all_apis_says_where_it_stands(signed_in: Client) -> None:
    assert "where that says &lt;base /&gt;." in signed_in.get(SERVICE).content.decode()
