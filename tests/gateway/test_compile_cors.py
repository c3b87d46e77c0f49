"""Browsers on other sites, as a real Envoy and a back end treat them: preflights have no key, calls need theirs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping

import pytest

from apis.policy.model import Cors, Forwarding, Policy, Preflights
from tests.gateway.backends import Backend
from tests.gateway.gateways import KEY, Answer, Gateway, policy

SHOP = "https://shop.example.com"
RULE = Cors(origins=(SHOP, "https://*.example.org"), methods=("GET", "PUT"), headers=("x-trace",), exposed=("etag",), max_age_seconds=300)
Publish = Callable[..., Policy]


@pytest.fixture
def publish(gateway: Gateway, plain: Backend, new_api: Callable[[], int]) -> Iterator[Publish]:
    """Return what publishes an API that needs a key; it goes when the test ends."""
    published = []

    def publish(path: str, *operations: tuple[str, str], cors: Cors | None = None, preflights: Preflights = Preflights.REFUSED) -> Policy:
        inbound = (cors,) if cors else ()
        one = policy(
            new_api(), path, port=plain.port, scheme="http", presents=False, operations=operations or (("GET", "/a/{id}"),), inbound=inbound
        )
        one = dataclasses.replace(one, forwarding=Forwarding(preflights=Preflights.GATEWAY if cors else preflights))
        assert not gateway.publish(one)
        published.append(one)
        return one

    yield publish
    for one in published:
        gateway.withdraw(one)


def preflight(gateway: Gateway, target: str, *, origin: str = SHOP, method: str = "GET", headers: str = "x-trace") -> Answer:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return gateway.call(target, method="OPTIONS", headers=asked)


def told(answer: Answer) -> Mapping[str, str]:
    return {name.removeprefix("access-control-"): value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("path", ["shop", "shop/deep", ""])
def test_the_gateway_answers_a_preflight_without_a_key(gateway: Gateway, plain: Backend, publish: Publish, path: str) -> None:
    publish(path, cors=RULE)
    publish("shop" if path == "shop/deep" else "elsewhere")  # two in one segment are found another way
    answer = preflight(gateway, f"/{path}/a/1" if path else "/a/1")
    assert (answer.status, answer.body) == (200, b"")
    assert told(answer) == {
        "allow-origin": SHOP,
        "allow-methods": "GET, PUT",
        "allow-headers": "x-trace",
        "expose-headers": "etag",
        "max-age": "300",
    }
    assert plain.calls == []


def test_a_site_that_may_not_call_is_not_let_in_and_reaches_nobody(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("shop", cors=RULE)
    for origin in (
        "https://elsewhere.example.com",
        "https://example.org",
        "https://shop.example.com.evil.example",
        "http://shop.example.com",
    ):
        answer = preflight(gateway, "/shop/a/1", origin=origin)
        assert (answer.status, answer.body, told(answer)) == (200, b"", {})
    assert plain.calls == []


@pytest.mark.parametrize("path", ["shop/deep", ""])
def test_a_site_that_may_not_call_is_told_nothing_wherever_the_api_is(gateway: Gateway, publish: Publish, path: str) -> None:
    publish(path, cors=RULE)
    publish("shop", cors=Cors(origins=("https://elsewhere.example.com",)))
    answer = preflight(gateway, f"/{path}/a/1" if path else "/a/1", origin="https://elsewhere.example.com")
    assert (answer.status, told(answer)) == (200, {})


@pytest.mark.parametrize("origin", ["https://a.example.org", "https://a.b.example.org"])
def test_a_star_stands_for_whatever_comes_before_the_domain(gateway: Gateway, publish: Publish, origin: str) -> None:
    publish("shop", cors=RULE)
    assert told(preflight(gateway, "/shop/a/1", origin=origin))["allow-origin"] == origin


def test_a_call_needs_its_key_and_both_answers_can_be_read_by_the_page(gateway: Gateway, publish: Publish) -> None:
    publish("shop", cors=RULE)
    refused = gateway.call("/shop/a/1", headers={"Origin": SHOP})
    answered = gateway.call("/shop/a/1", key=KEY, headers={"Origin": SHOP})
    assert [answer.status for answer in (refused, answered)] == [401, 200]
    assert {told(answer)["allow-origin"] for answer in (refused, answered)} == {SHOP}


def test_any_site_may_call_where_the_rule_says_so(gateway: Gateway, publish: Publish) -> None:
    publish("shop", cors=Cors(origins=("*",), methods=("*",), headers=("*",)))
    answer = told(preflight(gateway, "/shop/a/1", origin="https://whoever.example", method="DELETE", headers="authorization,x-trace"))
    assert answer == {
        "allow-origin": "https://whoever.example",
        "allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
        "allow-headers": "authorization,x-trace",
    }


def test_with_credentials_the_gateway_says_so(gateway: Gateway, publish: Publish) -> None:
    publish("shop", cors=dataclasses.replace(RULE, credentials=True))
    assert told(preflight(gateway, "/shop/a/1"))["allow-credentials"] == "true"


@pytest.mark.parametrize("path", ["shop", ""])
def test_a_preflight_may_reach_the_back_end_without_a_key_where_an_operation_is(
    gateway: Gateway, plain: Backend, publish: Publish, path: str
) -> None:
    publish(path, ("GET", "/a/{id}"), ("PUT", "/a/{id}"), preflights=Preflights.BACK_END)
    base = f"/{path}" if path else ""
    answers = [preflight(gateway, f"{base}/a/1"), preflight(gateway, f"{base}/b"), gateway.call(f"{base}/a/1", method="OPTIONS")]
    assert [answer.status for answer in answers] == [200, 404, 404]
    assert gateway.call(f"{base}/a/1").status == 401
    assert [(call.method, call.target) for call in plain.calls] == [("OPTIONS", "/a/1")]


def test_a_preflight_carries_no_key_to_the_back_end(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("shop", preflights=Preflights.BACK_END)
    answer = gateway.call(
        "/shop/a/1?subscription-key=" + KEY,
        method="OPTIONS",
        key=KEY,
        headers={"Origin": SHOP, "Access-Control-Request-Method": "GET"},
    )
    assert answer.status == 200
    assert KEY not in str(plain.calls)


def test_what_only_looks_like_a_preflight_needs_a_key(gateway: Gateway, publish: Publish) -> None:
    publish("shop", ("OPTIONS", "/a/{id}"), preflights=Preflights.BACK_END)
    assert gateway.call("/shop/a/1", method="OPTIONS", headers={"Origin": SHOP}).status == 401
    assert gateway.call("/shop/a/1", method="OPTIONS", headers={"Access-Control-Request-Method": "GET"}).status == 401


def test_where_nobody_answers_browsers_a_preflight_is_a_call_like_any_other(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("shop", ("*", "/*"))
    answer = preflight(gateway, "/shop/a/1")
    assert (answer.status, told(answer), plain.calls) == (401, {}, [])
