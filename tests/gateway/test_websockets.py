"""WebSockets through a real Envoy: to back ends that also offer HTTP/2, to those that do not, and how long they last."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from apis.policy.model import Forwarding, Policy, Protocol
from kit.issuing import Issued
from tests.gateway.foreign import Nginx
from tests.gateway.gateways import KEY, Gateway, open_to_all, policy
from tests.gateway.websockets import WebSocket, WebSocketServer

Publish = Callable[..., Policy]
_NEVER_SECONDS = 14  # what goes on for so long does not end by itself, on a busy machine either


@pytest.fixture(scope="module")
def echo() -> Iterator[WebSocketServer]:
    """Return a server that takes WebSockets, without TLS."""
    with WebSocketServer() as running:
        yield running


@pytest.fixture(scope="module")
def front(echo: WebSocketServer, server_certificate: Issued, authority: Issued) -> Iterator[Nginx]:
    """Return an nginx that offers HTTP/2, demands a client certificate, and passes WebSockets on."""
    passes = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
    server = f"location /ws {{ proxy_pass http://127.0.0.1:{echo.port}; proxy_read_timeout 60s; {passes} }}"
    with Nginx(server_certificate, server=server, accepts=authority) as running:
        yield running


@pytest.fixture
def publish(gateway: Gateway, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]) -> Iterator[Publish]:
    """Return what publishes an API at ``/chat`` that needs no key; it goes when the test ends."""
    published = []

    def publish(
        port: int,
        *,
        path: str = "chat",
        scheme: str = "https",
        protocol: Protocol = Protocol.AUTO,
        offers_http2: bool = True,
        key: bool = False,
        forwarding: Forwarding | None = None,
    ) -> Policy:
        one = policy(new_api(), path, port=port, scheme=scheme, presents=scheme == "https", trusted=authority)
        backend = dataclasses.replace(one.backend, protocol=protocol, offers_http2=offers_http2)
        one = dataclasses.replace(one if key else open_to_all(one), backend=backend, forwarding=forwarding or Forwarding())
        assert not gateway.publish(one, client_certificate if scheme == "https" else None)
        published.append(one)
        return one

    yield publish
    for one in published:
        gateway.withdraw(one)


def assert_echoes(caller: WebSocket) -> None:
    assert caller.status == 101, caller.headers
    assert [caller.say(text) for text in ("one", "two", "")] == ["one", "two", ""]


@pytest.mark.parametrize("offers_http2", [True, False], ids=["known to offer HTTP/2", "not known"])
def test_it_reaches_a_back_end_that_offers_http2_and_other_calls_stay_on_that(
    gateway: Gateway, front: Nginx, publish: Publish, offers_http2: bool
) -> None:
    publish(front.port, offers_http2=offers_http2)
    for _ in range(3):
        assert gateway.call("/chat/x").body == b"HTTP/2.0"
        with WebSocket(gateway.port, "/chat/ws") as caller:
            assert_echoes(caller)
            assert gateway.call("/chat/x").body == b"HTTP/2.0"
            assert caller.say("still here") == "still here"


def test_many_at_once_do_not_hear_each_other(gateway: Gateway, front: Nginx, publish: Publish) -> None:
    publish(front.port)
    with ExitStack() as stack:
        callers = [stack.enter_context(WebSocket(gateway.port, f"/chat/ws?{number}")) for number in range(20)]
        for _ in range(2):
            assert [caller.say(f"caller {number}") for number, caller in enumerate(callers)] == [f"caller {n}" for n in range(20)]
        assert gateway.call("/chat/x").body == b"HTTP/2.0"


def test_it_needs_the_key_as_any_call_does(gateway: Gateway, front: Nginx, echo: WebSocketServer, publish: Publish) -> None:
    publish(front.port, key=True)
    before = len(echo.heads)
    for target, headers in (
        ("/chat/ws", {}),
        ("/chat/ws?subscription-key=wrong", {}),
        ("/chat/ws", {"Ocp-Apim-Subscription-Key": "wrong"}),
    ):
        with WebSocket(gateway.port, target, headers) as caller:
            assert caller.status == 401
    assert len(echo.heads) == before
    for target, headers in ((f"/chat/ws?subscription-key={KEY}", {}), ("/chat/ws", {"Ocp-Apim-Subscription-Key": KEY})):
        with WebSocket(gateway.port, target, headers) as caller:
            assert_echoes(caller)
    assert len(echo.heads) == before + 2
    assert KEY not in str(echo.heads)


def test_it_reaches_a_back_end_without_tls(gateway: Gateway, echo: WebSocketServer, publish: Publish) -> None:
    publish(echo.port, scheme="http")
    with WebSocket(gateway.port, "/chat/ws?room=1") as caller:
        assert_echoes(caller)
    assert echo.heads[-1][""] == "GET /ws?room=1 HTTP/1.1"


def test_it_reaches_a_back_end_that_is_spoken_to_by_http1_only(gateway: Gateway, front: Nginx, publish: Publish) -> None:
    publish(front.port, protocol=Protocol.HTTP1)
    assert gateway.call("/chat/x").body == b"HTTP/1.1"
    with WebSocket(gateway.port, "/chat/ws") as caller:
        assert_echoes(caller)


def test_by_http2_only_it_is_the_back_end_that_says_whether_it_takes_it(gateway: Gateway, front: Nginx, publish: Publish) -> None:
    publish(front.port, protocol=Protocol.HTTP2)
    for _ in range(2):
        with WebSocket(gateway.port, "/chat/ws") as caller:
            assert (caller.status, caller.headers["server"].partition("/")[0]) == (400, "nginx")  # which knows no RFC 8441
        assert gateway.call("/chat/x").body == b"HTTP/2.0"


def test_it_reaches_the_api_at_the_root(gateway: Gateway, front: Nginx, publish: Publish) -> None:
    publish(front.port, path="", key=True)
    with WebSocket(gateway.port, "/ws") as caller:
        assert caller.status == 401
    with WebSocket(gateway.port, f"/ws?subscription-key={KEY}") as caller:
        assert_echoes(caller)


def test_a_back_end_may_refuse_it_in_its_own_words(gateway: Gateway, front: Nginx, publish: Publish) -> None:
    publish(front.port)
    with WebSocket(gateway.port, "/chat/no-such-thing") as caller:
        assert caller.status == 200  # nginx answers there as if nothing were asked


def test_it_ends_when_nothing_moves_for_the_apis_own_time(gateway: Gateway, front: Nginx, publish: Publish) -> None:
    publish(front.port, forwarding=Forwarding(idle_seconds=1))
    with WebSocket(gateway.port, "/chat/ws") as caller:
        began = time.monotonic()
        while time.monotonic() - began < 1.5:
            assert caller.say("something moves") == "something moves"
            time.sleep(0.1)
        began = time.monotonic()
        assert caller.is_ended()
        assert 0.5 < time.monotonic() - began < _NEVER_SECONDS


def test_it_ends_after_the_longest_time_though_it_moves(gateway: Gateway, front: Nginx, publish: Publish) -> None:
    publish(front.port, forwarding=Forwarding(longest_seconds=1))
    began = time.monotonic()
    with WebSocket(gateway.port, "/chat/ws") as caller:
        assert_echoes(caller)
        while caller.say("it moves") and time.monotonic() - began < _NEVER_SECONDS:
            time.sleep(0.05)
    assert 0.5 < time.monotonic() - began < _NEVER_SECONDS
