"""Headers that callers send: which pass, which are the gateway's own, and what back ends learn of the caller's request."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.compile import STATUS_PATH
from tests.gateway.backends import Backend
from tests.gateway.conftest import Publish
from tests.gateway.gateways import KEY, Gateway, open_to_all, policy


@pytest.fixture
def behind_a_proxy(plain: Backend) -> Iterator[Gateway]:
    """Return a gateway with a trusted proxy in front, and with an API at `forwarded`."""
    with tempfile.TemporaryDirectory(prefix="gateway-") as home:
        running = Gateway(Path(home), trusted_proxies=1)
        running.publish(open_to_all(policy(1, "forwarded", port=plain.port, scheme="http", presents=False)))
        yield running
        running.stop()


def test_header_names_with_an_underscore_pass(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("underscores")
    assert gateway.call("/underscores", headers={"client_id": "1", "Client_Secret": "2"}).status == 200
    assert (plain.calls[0].header("client_id"), plain.calls[0].header("client_secret")) == ("1", "2")


@pytest.mark.parametrize(
    "name",
    [
        "X_Forwarded_For",
        "x-forwarded_for",
        "X_Forwarded-Proto",
        "x_forwarded_host",
        "X-Forwarded-Client_Cert",
        "X-Portal-Scope",
        "x_portal_scope",
        "X-Portal-Other",
        "X_Envoy_Original_Path",
        "x-envoy_retry_on",
        "X-Envoy-Retry-On",
        "Ocp_Apim_Subscription_Key",
        "Content_Length",
        "Transfer_Encoding",
        "Forwarded",
        "X-Forwarded-Port",
        "X-Forwarded-Prefix",
    ],
)
def test_no_caller_sends_what_a_back_end_could_take_for_the_gateways_own(
    gateway: Gateway, plain: Backend, publish: Publish, name: str
) -> None:
    publish("deceived", key=True)
    assert gateway.call("/deceived", headers={name: "deceiver"}, key=KEY).status == 200
    assert "deceiver" not in repr(plain.calls[0].headers)


def test_a_back_end_learns_who_calls_and_how_the_gateway_was_called(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("hosted")
    sent = {"Host": "api.example.com:8443", "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "evil", "X-Forwarded-Proto": "https"}
    gateway.call("/hosted", headers=sent)
    call = plain.calls[0]
    assert call.header("host") == f"localhost:{plain.port}"
    assert (call.header("x-forwarded-for") or "").startswith("192.0.2.7,")
    assert (call.header("x-forwarded-host"), call.header("x-forwarded-proto")) == ("api.example.com:8443", "http")


def test_what_a_trusted_proxy_says_of_the_callers_request_is_passed_on(behind_a_proxy: Gateway, plain: Backend) -> None:
    sent = {"X-Forwarded-Host": "api.example.com", "X-Forwarded-Proto": "https", "Forwarded": "host=api.example.com"}
    behind_a_proxy.call("/forwarded", headers=sent)
    assert {name: plain.calls[0].header(name.lower()) for name in sent} == sent


def test_behind_a_proxy_that_says_nothing_the_host_is_the_calls_own(behind_a_proxy: Gateway, plain: Backend) -> None:
    behind_a_proxy.call("/forwarded", headers={"Host": "api.example.com"})
    assert plain.calls[0].header("x-forwarded-host") == "api.example.com"


def test_http_1_0_is_spoken_with_and_without_a_host(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("old")
    for host in ("Host: api.example.com\r\n", ""):
        answer = gateway.raw(f"GET /old HTTP/1.0\r\n{host}\r\n".encode())
        assert answer.startswith(b"HTTP/1.0 200 OK")
    assert [call.header("x-forwarded-host") for call in plain.calls] == ["api.example.com", "gateway"]
    assert gateway.raw(f"GET {STATUS_PATH} HTTP/1.0\r\n\r\n".encode()).startswith(b"HTTP/1.0 200 OK"), "as a health check asks"
