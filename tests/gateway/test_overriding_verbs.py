"""Headers that ask a back end to take a call for one by another verb: they lead past no operation."""

from __future__ import annotations

import dataclasses

import pytest

from apis.policy.model import Forwarding, Preflights
from tests.gateway.backends import Backend
from tests.gateway.conftest import Publish
from tests.gateway.gateways import KEY, Gateway

NAMES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


@pytest.mark.parametrize("path", ["orders", "orders/deep", ""])
@pytest.mark.parametrize("name", NAMES)
def test_a_verb_that_no_operation_lets_through_is_asked_for_in_vain(
    gateway: Gateway, plain: Backend, publish: Publish, name: str, path: str
) -> None:
    publish(path, ("GET", "/{id}"), ("POST", "/{id}"), key=True)
    if path == "orders/deep":
        publish("orders", key=True)  # two in one segment are found another way
    base = f"/{path}" if path else ""
    for verb in ("DELETE", "delete", "", "GET"):
        answer = gateway.call(f"{base}/1", method="POST", key=KEY, headers={name: verb})
        assert (answer.status, "asks the back end for another verb" in answer.message) == (400, True)
    assert plain.calls == []
    assert gateway.call(f"{base}/1", method="POST", key=KEY).status == 200


@pytest.mark.parametrize("name", NAMES)
def test_where_any_verb_is_let_through_any_may_be_asked_for(gateway: Gateway, plain: Backend, publish: Publish, name: str) -> None:
    publish("odata", ("*", "/any/*"), ("GET", "/read/{id}"), key=True)
    publish("open-wide", key=True)
    asked = {name: "MERGE"}
    assert gateway.call("/odata/any/1", method="POST", key=KEY, headers=asked).status == 200
    assert gateway.call("/open-wide/1", method="POST", key=KEY, headers=asked).status == 200
    assert [call.header(name.lower()) for call in plain.calls] == ["MERGE", "MERGE"]
    assert gateway.call("/odata/any/1", method="POST", headers=asked).status == 401
    assert gateway.call("/odata/read/1", key=KEY, headers=asked).status == 400
    assert gateway.call("/odata/elsewhere", key=KEY, headers=asked).status == 400
    assert len(plain.calls) == 2


@pytest.mark.parametrize("name", ["X_HTTP_Method_Override", "x-http-method_override", "X_HTTP_Method", "X-Method_Override"])
def test_a_spelling_that_back_ends_read_alike_is_not_passed_on(gateway: Gateway, plain: Backend, publish: Publish, name: str) -> None:
    publish("orders", ("POST", "/{id}"))
    assert gateway.call("/orders/1", method="POST", headers={name: "DELETE"}).status == 200
    assert "DELETE" not in repr(plain.calls[0].headers)


@pytest.mark.parametrize("name", NAMES)
def test_a_preflight_which_needs_no_key_asks_for_no_verb(gateway: Gateway, plain: Backend, publish: Publish, name: str) -> None:
    one = publish("shop", ("*", "/*"), key=True)
    assert not gateway.publish(dataclasses.replace(one, forwarding=Forwarding(preflights=Preflights.BACK_END)))
    asked = {"Origin": "https://shop.example.com", "Access-Control-Request-Method": "GET", name: "DELETE"}
    assert gateway.call("/shop/1", method="OPTIONS", headers=asked).status == 200
    assert "DELETE" not in repr(plain.calls[0].headers)
