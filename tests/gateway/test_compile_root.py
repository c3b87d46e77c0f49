"""The API at the root of the gateway: what reaches it, and that its key is checked as any other's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apis.policy.model import KeyCheck, Policy
from gateway.compile import STATUS_PATH
from tests.gateway.backends import Backend
from tests.gateway.conftest import Publish
from tests.gateway.gateways import KEY, Gateway, open_to_all, policy

NOT_FOUND = b'{ "statusCode": 404, "message": "Resource not found" }'


@pytest.fixture(params=[False, True], ids=["few keys", "many keys"], autouse=True)
def form(gateway: Gateway, request: pytest.FixtureRequest) -> Iterator[None]:
    """Have everything hold whichever form the key check has."""
    gateway.check_keys(as_if_many=request.param)
    yield
    gateway.check_keys(as_if_many=False)


def test_the_root_gets_what_no_other_first_segment_claims(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("", backend_path="/root")
    publish("claimed/orders", backend_path="/orders")
    for target, arriving in (
        ("/", "/root/"),
        ("/x", "/root/x"),
        ("/x/y?z=1", "/root/x/y?z=1"),
        ("/claimedx", "/root/claimedx"),
        ("/claimed/orders/1", "/orders/1"),
        ("//claimed/orders", "/root//claimed/orders"),
        ("/?/x", "/root/?/x"),
    ):
        assert gateway.raw(f"GET {target} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode()).startswith(b"HTTP/1.1 200 ")
        assert plain.calls[-1].target == arriving
    assert gateway.call("/claimed/x").body == NOT_FOUND
    assert gateway.call(STATUS_PATH).json["message"] == "The gateway has its configuration."
    assert not [name for name, _ in plain.calls[-1].headers if name.startswith("x-portal")]


def test_its_operations_decide_with_or_without_a_key(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("", ("GET", "/{id}"), ("GET", "/a/*"), key=True)
    for key in (None, "wrong", KEY):
        assert gateway.call("/x/y", key=key).body == NOT_FOUND
        assert gateway.call("/x", method="POST", key=key).body == NOT_FOUND
    assert [gateway.call("/x", key=key).status for key in (None, "wrong", KEY)] == [401, 401, 200]
    assert gateway.call(f"/a/b?subscription-key={KEY}&c=1").status == 200
    assert [call.target for call in plain.calls] == ["/x", "/a/b?c=1"]
    assert KEY not in repr(plain.calls)


def test_a_key_of_another_api_does_not_open_it(gateway: Gateway, publish: Publish) -> None:
    one = publish("", key=True)
    key = "ab" + "7" * 30
    gateway.let_in(key, api=one.api_id + 1000)
    assert gateway.call("/x", key=key).status == 401
    gateway.shut_out(key)


def test_callers_cannot_say_that_they_come_by_its_scope(gateway: Gateway, publish: Publish) -> None:
    publish("", key=True)
    assert gateway.call("/x", headers={"X-Portal-Scope": "/?/", "x_portal_scope": "/?/"}).status == 401


def test_it_may_have_names_of_its_own_for_the_key(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    one = publish("", key_check=KeyCheck(header="X-Api-Key", query="k"))
    assert gateway.call("/a", headers={"X-Api-Key": KEY, "X_Api_Key": KEY}).status == 200
    assert gateway.call(f"/b?k={KEY}&c").status == 200
    assert [gateway.call(target, key=KEY).status for target in ("/a", f"/a?subscription-key={KEY}")] == [401, 401]
    assert f'name="{one.key_check.header}"' in gateway.call("/a").headers["www-authenticate"]
    assert [call.target for call in plain.calls] == ["/a", "/b?c"]
    assert KEY not in repr(plain.calls)


def test_it_comes_and_goes_like_any_other(gateway: Gateway, plain: Backend) -> None:
    one: Policy = open_to_all(policy(90001, "", port=plain.port, scheme="http", presents=False))
    assert gateway.call("/x", key=KEY).body == NOT_FOUND
    gateway.publish(one)
    assert gateway.call("/x").status == 200
    gateway.withdraw(one)
    assert gateway.call("/x", key=KEY).body == NOT_FOUND
