"""How long a call may take, as a real Envoy and slow back ends have it."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from apis.policy.model import CONNECT_SECONDS, Forwarding, Policy
from tests.gateway.backends import Backend
from tests.gateway.gateways import Gateway, open_to_all, policy

Publish = Callable[..., Policy]
_NEVER_SECONDS = 30  # what goes on for so long does not end by itself, on a busy machine either


@pytest.fixture
def publish(gateway: Gateway, new_api: Callable[[], int]) -> Iterator[Publish]:
    """Return what publishes an API at ``/slow``; it goes when the test ends."""
    published = []

    def publish(port: int, *, connect_seconds: int = 5, idle_seconds: int | None = None, longest_seconds: int | None = None) -> Policy:
        one = open_to_all(policy(new_api(), "slow", port=port, scheme="http", presents=False))
        one = dataclasses.replace(
            one,
            backend=dataclasses.replace(one.backend, connect_seconds=connect_seconds),
            forwarding=Forwarding(idle_seconds=idle_seconds, longest_seconds=longest_seconds),
        )
        assert not gateway.publish(one)
        published.append(one)
        return one

    yield publish
    for one in published:
        gateway.withdraw(one)


def test_a_call_on_which_nothing_moves_fails_after_the_apis_own_time(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish(plain.port, idle_seconds=1)
    answer = gateway.call("/slow/slow/3")  # which the gateway's own time would let answer
    assert (answer.status, answer.message) == (504, "The back end did not answer in time.")


def test_a_call_may_wait_longer_where_its_api_says_so(
    plain: Backend, new_api: Callable[[], int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    hasty = Gateway(tmp_path_factory.mktemp("hasty"), idle_seconds=1)
    try:
        one = open_to_all(policy(new_api(), "slow", port=plain.port, scheme="http", presents=False))
        assert not hasty.publish(one)
        assert hasty.call("/slow/slow/2").status == 504
        assert not hasty.publish(dataclasses.replace(one, forwarding=Forwarding(idle_seconds=10)))
        assert hasty.call("/slow/slow/2").status == 200
    finally:
        hasty.stop()


def test_a_call_that_lasts_longer_than_its_api_allows_is_ended_and_told_why(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish(plain.port, longest_seconds=1)
    answer = gateway.call("/slow/slow/3")
    assert (answer.status, answer.message) == (504, "The call lasted longer than this API allows.")


def test_a_stream_ends_after_the_longest_time_though_it_moves(gateway: Gateway, publish: Publish) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        publish(server.getsockname()[1], longest_seconds=1)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as caller:
            caller.sendall(b"GET /slow/x HTTP/1.1\r\nHost: gateway\r\n\r\n")
            stream, _ = server.accept()
            with stream:
                stream.recv(65536)
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
                began = time.monotonic()
                while time.monotonic() - began < _NEVER_SECONDS:
                    try:
                        stream.sendall(b"8\r\ndata: x\n\r\n")
                    except OSError:
                        break
                    time.sleep(0.1)
            assert 0.5 < time.monotonic() - began < _NEVER_SECONDS
            while caller.recv(65536):
                pass


def test_a_back_end_may_take_its_time_to_connect_and_no_longer(gateway: Gateway, publish: Publish) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(3)]  # fill the queue of connections, so that the next gets no answer
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        publish(full.getsockname()[1], connect_seconds=1)
        began = time.monotonic()
        answer = gateway.call("/slow/x", method="POST", body=b"x")
        assert (answer.status, answer.message) == (502, "The back end could not be reached: no connection was made in time.")
        assert time.monotonic() - began < CONNECT_SECONDS  # which it were by itself
        for one in waiting:
            one.close()
