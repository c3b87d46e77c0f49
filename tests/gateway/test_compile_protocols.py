"""Which HTTP a back end is spoken to, as a real Envoy and real servers have it; and gRPC."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from apis.policy.model import Policy, Protocol
from kit.issuing import Issued
from tests.gateway.backends import Backend
from tests.gateway.foreign import Nginx
from tests.gateway.gateways import KEY, Gateway, policy
from tests.gateway.grpc_backend import GrpcBackend

Publish = Callable[..., Policy]
HEADER = ("ocp-apim-subscription-key", KEY)


@pytest.fixture
def publish(gateway: Gateway, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]) -> Iterator[Publish]:
    """Return what publishes an API at ``/echo``, spoken to as it says; it goes when the test ends."""
    published = []

    def publish(port: int, protocol: Protocol = Protocol.AUTO, *, tls: bool = True, asks_later: bool = False) -> Policy:
        one = policy(new_api(), "echo", port=port, scheme="https" if tls else "http", presents=tls, trusted=authority)
        one = dataclasses.replace(one, backend=dataclasses.replace(one.backend, protocol=protocol, asks_later=asks_later))
        assert not gateway.publish(one, client_certificate if tls else None)
        published.append(one)
        return one

    yield publish
    for one in published:
        gateway.withdraw(one)


@pytest.fixture(scope="module")
def offers_both(server_certificate: Issued, authority: Issued) -> Iterator[Nginx]:
    with Nginx(server_certificate, accepts=authority) as running:
        yield running


def seen(gateway: Gateway, **request: str | bytes) -> str:
    answer = gateway.call("/echo/x", key=KEY, **request)  # type: ignore[arg-type]  # passed on
    assert answer.status == 200, answer
    return answer.body.decode()


@pytest.mark.parametrize(
    ("protocol", "asks_later", "spoken"),
    [
        (Protocol.AUTO, False, "HTTP/2.0"),
        (Protocol.HTTP2, False, "HTTP/2.0"),
        (Protocol.HTTP1, False, "HTTP/1.1"),
        (Protocol.AUTO, True, "HTTP/1.1"),
        (Protocol.HTTP1, True, "HTTP/1.1"),
        (Protocol.HTTP2, True, "HTTP/1.1"),  # neither form nor file lets it through, and the certificate comes first
    ],
)
def test_a_back_end_that_offers_both_is_spoken_to_as_chosen(
    gateway: Gateway, publish: Publish, offers_both: Nginx, protocol: Protocol, asks_later: bool, spoken: str
) -> None:
    publish(offers_both.port, protocol, asks_later=asks_later)
    assert [seen(gateway), seen(gateway, method="POST", body=b"x" * 100_000)] == [spoken, spoken]


def test_another_choice_counts_from_the_next_call_on(
    gateway: Gateway, publish: Publish, offers_both: Nginx, client_certificate: Issued
) -> None:
    one = publish(offers_both.port)
    for protocol, spoken in ((Protocol.HTTP1, "HTTP/1.1"), (Protocol.AUTO, "HTTP/2.0"), (Protocol.HTTP1, "HTTP/1.1")):
        changed = dataclasses.replace(one, backend=dataclasses.replace(one.backend, protocol=protocol))
        assert not gateway.publish(changed, client_certificate)
        assert seen(gateway) == spoken


@pytest.mark.parametrize(("listen", "protocol", "spoken"), [("http2", Protocol.HTTP2, "HTTP/2.0"), ("", Protocol.AUTO, "HTTP/1.1")])
def test_without_tls_http2_is_spoken_by_prior_knowledge_where_it_is_chosen(
    gateway: Gateway, publish: Publish, server_certificate: Issued, listen: str, protocol: Protocol, spoken: str
) -> None:
    with Nginx(server_certificate, listen=listen) as plain:
        publish(plain.port, protocol, tls=False)
        assert seen(gateway) == spoken


def test_http2_only_never_falls_back(gateway: Gateway, publish: Publish, backend: Backend) -> None:
    publish(backend.port, Protocol.HTTP2)
    answer = gateway.call("/echo/x", key=KEY)
    assert answer.status == 502
    assert backend.calls == []


def said(call: Any) -> Any:
    """Return what the trailers of an answer say."""
    return dict(call.trailing_metadata()).get("x-said")


@pytest.mark.parametrize(("tls", "protocol"), [(False, Protocol.HTTP2), (True, Protocol.HTTP2), (True, Protocol.AUTO)])
def test_grpc_passes_with_streams_trailers_and_refusals(
    gateway: Gateway, publish: Publish, server_certificate: Issued, authority: Issued, tls: bool, protocol: Protocol
) -> None:
    backend = GrpcBackend(server_certificate, authority) if tls else GrpcBackend()
    with backend, grpc.insecure_channel(f"127.0.0.1:{gateway.port}") as channel:
        publish(backend.port, protocol, tls=tls)
        many = channel.unary_stream("/echo/test.Echo/Count", None, None)
        answer, call = channel.unary_unary("/echo/test.Echo/Once", None, None).with_call(b"hello", metadata=(HEADER,), timeout=30)
        assert (answer, said(call), call.code()) == (b"hello", "goodbye", grpc.StatusCode.OK)
        stream = many(b"200", metadata=(HEADER,), timeout=30)
        assert [int(number) for number in stream] == list(range(200))
        assert said(stream) == "goodbye"
        with pytest.raises(grpc.RpcError) as refusal:
            channel.unary_unary("/echo/test.Echo/Refuse", None, None)(b"not now", metadata=(HEADER,), timeout=30)
        assert (refusal.value.code(), refusal.value.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "not now")
        assert said(refusal.value) == "goodbye"


def test_grpc_without_a_key_is_refused(gateway: Gateway, publish: Publish) -> None:
    with GrpcBackend() as backend, grpc.insecure_channel(f"127.0.0.1:{gateway.port}") as channel:
        publish(backend.port, Protocol.HTTP2, tls=False)
        with pytest.raises(grpc.RpcError) as refusal:
            channel.unary_unary("/echo/test.Echo/Once", None, None)(b"hello", timeout=30)
        assert refusal.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_grpc_over_http_is_no_grpc_while_the_protocol_is_automatic(gateway: Gateway, publish: Publish) -> None:
    with GrpcBackend() as backend, grpc.insecure_channel(f"127.0.0.1:{gateway.port}") as channel:
        publish(backend.port, tls=False)
        with pytest.raises(grpc.RpcError) as refusal:
            channel.unary_unary("/echo/test.Echo/Once", None, None)(b"hello", metadata=(HEADER,), timeout=30)
        assert refusal.value.code() != grpc.StatusCode.OK
        assert "back end" in str(refusal.value.details())
