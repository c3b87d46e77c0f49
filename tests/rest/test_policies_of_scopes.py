"""Policies of all APIs and of operations, and named values, over the wire."""

from __future__ import annotations

import json

import pytest

from apis.models import Api, NamedValue
from portal.models import Activity, Event
from tests.makers import make_api
from tests.rest.conftest import Wire, read, targets

pytestmark = pytest.mark.django_db
SERVICE, API, OPERATION = "policies/policy", "apis/orders/policies/policy", "apis/orders/operations/everything/policies/policy"
TEXT = "<policies>\r\n  <!-- mine -->\r\n<inbound>\t<base/><set-header name='X-A'><value>&amp;</value></set-header></inbound></policies>"
VALUE = "namedValues/orders-host"


@pytest.mark.parametrize("address", [SERVICE, API, OPERATION])
def test_nothing_follows_the_one_policy(wire: Wire, address: str) -> None:
    make_api("orders")
    wire.put(address, {"value": TEXT})
    assert read(wire.get(f"{address.removesuffix('/policy')}?$skiptoken=enp6"))["value"] == []  # "zzz", which is behind all names
    assert read(wire.get(f"{address.removesuffix('/policy')}?$top=1"))["count"] == 1


@pytest.mark.parametrize("address", [SERVICE, API, OPERATION])
@pytest.mark.parametrize("kind", ["xml", "rawxml"])
def test_a_document_comes_back_as_it_was_sent(wire: Wire, address: str, kind: str) -> None:
    make_api("orders")
    lists = address.removesuffix("/policy")
    assert wire.get(address).status_code == 404
    assert read(wire.get(lists))["count"] == 0
    assert wire.put(address, {"value": TEXT, "format": kind}).status_code == 201
    answer = wire.get(f"{address}?format={kind}")
    assert read(answer)["properties"] == {"value": TEXT, "format": kind}
    assert read(answer)["id"].endswith(f"/{address}")
    assert read(wire.get(lists))["count"] == 1
    assert wire.put(address, {"value": TEXT}, If_Match=answer["ETag"]).status_code == 200
    assert wire.put(address, {"value": TEXT}, If_Match='"old"').status_code == 412
    assert wire.request("HEAD", address).status_code == 200
    assert wire.delete(address).status_code == 200
    assert wire.delete(address).status_code == 204
    assert wire.get(address).status_code == 404


@pytest.mark.parametrize("address", [SERVICE, API, OPERATION])
def test_what_cannot_be_taken_names_element_and_line(wire: Wire, address: str) -> None:
    make_api("orders")
    answer = wire.put(address, {"value": "<policies>\n<inbound><quota calls='1' /></inbound></policies>"})
    assert (answer.status_code, targets(answer)) == (400, ["quota"])
    assert "on line 2" in read(answer)["error"]["details"][0]["message"]
    assert wire.get(address).status_code == 404


def test_expressions_are_refused_by_name_in_whatever_format(wire: Wire) -> None:
    make_api("orders")
    raw = '<policies><inbound><set-header name="a"><value>@(context.Request.Headers["b"] < 1)</value></set-header></inbound></policies>'
    answer = wire.put(API, {"value": raw, "format": "rawxml"})
    assert "Expressions (@(…))" in read(answer)["error"]["details"][0]["message"]


def test_a_named_value_is_made_changed_listed_and_deleted(wire: Wire) -> None:
    assert wire.put(VALUE, {"displayName": "host", "value": "a.example.com", "tags": ["x"], "secret": False}).status_code == 201
    assert read(wire.get(VALUE))["properties"] == {"displayName": "host", "value": "a.example.com", "tags": ["x"], "secret": False}
    assert read(wire.get("namedValues?$filter=displayName eq 'host'"))["count"] == 1
    assert wire.patch(VALUE, {"value": "b.example.com"}, If_Match="*").status_code == 200
    assert read(wire.post(f"{VALUE}/listValue")) == {"value": "b.example.com"}
    assert read(wire.get("properties/orders-host"))["id"].endswith("/properties/orders-host")
    assert wire.delete(VALUE, If_Match="*").status_code == 200
    assert wire.delete(VALUE).status_code == 204


def test_a_secret_is_told_by_list_value_alone(wire: Wire) -> None:
    sent = {"displayName": "word", "value": "opensesame", "secret": True}
    answers = [wire.put(VALUE, sent), wire.get(VALUE), wire.get("namedValues"), wire.patch(VALUE, {"tags": ["y"]}, If_Match="*")]
    assert not [answer for answer in answers if b"opensesame" in answer.content]
    assert "value" not in read(answers[1])["properties"]
    assert read(wire.post(f"{VALUE}/listValue"))["value"] == "opensesame"
    assert Activity.objects.filter(event=Event.NAMED_VALUE_SHOWN).count() == 1
    assert NamedValue.objects.get().tags == ["y"]


@pytest.mark.parametrize(
    ("sent", "target"),
    [
        ({"displayName": "a b", "value": "x"}, "displayName"),
        ({"displayName": "a"}, "value"),
        ({"value": "x"}, "displayName"),
        ({"displayName": "a", "value": "x", "tags": "y"}, "tags"),
        ({"displayName": "a", "secret": True, "keyVault": {"secretIdentifier": "https://v"}}, "keyVault"),
    ],
)
def test_what_a_named_value_cannot_be_is_named(wire: Wire, sent: dict[str, object], target: str) -> None:
    answer = wire.put(VALUE, sent)
    assert answer.status_code == 400
    assert target in targets(answer)


def test_what_policies_name_stays(wire: Wire) -> None:
    make_api("orders")
    wire.put(VALUE, {"displayName": "host", "value": "one"})
    text = '<policies><inbound><base /><set-header name="X-A"><value>{{host}}</value></set-header></inbound></policies>'
    assert wire.put(API, {"value": text}).status_code == 201
    answer = wire.delete(VALUE)
    assert answer.status_code == 409
    assert Api.objects.get().display_name in json.dumps(read(answer), ensure_ascii=False)
    assert read(wire.get(API))["properties"]["value"] == text
