"""What the gateway tells of its own in answers, a back end cannot tell in its stead."""

from __future__ import annotations

import dataclasses

import grpc
import pytest

from apis.policy.model import Protocol
from tests.gateway import http2
from tests.gateway.backends import Backend
from tests.gateway.conftest import Publish
from tests.gateway.gateways import KEY, Gateway
from tests.gateway.grpc_backend import GrpcBackend
from tests.gateway.trailers_backend import TrailersBackend

OWN = {"x-failure-kind": "broken-off", "x-activity-id": "0", "x-portal-connection": "HTTP/1.1 1/1"}


@pytest.mark.parametrize("path", ["told", "told/deep", ""])
@pytest.mark.parametrize("status", [200, 404, 502])
def test_a_back_ends_own_headers_of_such_a_name_do_not_pass(
    gateway: Gateway, plain: Backend, publish: Publish, path: str, status: int
) -> None:
    publish(path)
    if path == "told/deep":
        publish("told")
    for name, value in OWN.items():
        answer = gateway.call(f"/{path}/status/{status}" if path else f"/status/{status}", headers={"X-Answer": f"{name}: {value}"})
        assert (answer.status, answer.json["method"]) == (status, "GET")
        assert OWN.keys().isdisjoint(answer.headers)


def test_the_gateways_own_pass(gateway: Gateway, publish: Publish, plain: Backend) -> None:
    one = publish("told")
    assert not gateway.publish(dataclasses.replace(one, backend=dataclasses.replace(one.backend, port=1)))
    answer = gateway.call("/told")
    assert (answer.status, answer.headers["x-failure-kind"]) == (502, "unreachable")
    assert answer.headers["x-activity-id"] == answer.json["activityId"]


def test_behind_a_request_neither_the_key_nor_the_gateways_own_names_pass(gateway: Gateway, publish: Publish) -> None:
    with TrailersBackend() as running:
        one = publish("told")
        backend = dataclasses.replace(one.backend, port=running.port, protocol=Protocol.HTTP2)
        assert not gateway.publish(dataclasses.replace(one, backend=backend))
        headers = ((":method", "POST"), (":scheme", "http"), (":path", "/told/x"), (":authority", "gateway"))
        ours = ("ocp-apim-subscription-key", "ocp_apim_subscription_key", "x-portal-scope", "x-envoy-original-path", "x-forwarded-host")
        trailers = [("x-checksum", "1"), *((name, KEY) for name in ours)]
        assert http2.call(gateway.port, headers, body=b"x", trailers=trailers) == b"x-checksum"


def test_a_back_ends_own_trailers_of_such_a_name_do_not_pass(gateway: Gateway, publish: Publish) -> None:
    with GrpcBackend() as running, grpc.insecure_channel(f"127.0.0.1:{gateway.port}") as channel:
        one = publish("told")
        backend = dataclasses.replace(one.backend, port=running.port, protocol=Protocol.HTTP2)
        assert not gateway.publish(dataclasses.replace(one, backend=backend))
        asked = tuple(("x-trailer", f"{name}: {value}") for name, value in OWN.items())
        _, call = channel.unary_unary("/told/test.Echo/Once", None, None).with_call(b"hello", metadata=asked, timeout=30)
        assert [name for name, _ in call.trailing_metadata()] == ["x-said"]
