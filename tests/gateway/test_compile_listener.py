"""The gateway as untrusted callers meet it."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apis.policy.model import Policy
from gateway.compile import STATUS_PATH
from tests.gateway.backends import Backend
from tests.gateway.gateways import Gateway, open_to_all, policy


@pytest.fixture
def api(gateway: Gateway, plain: Backend, new_api: Callable[[], int]) -> Iterator[Policy]:
    """Return an API that is open to all."""
    number = new_api()
    one = open_to_all(policy(number, f"listener-{number}", port=plain.port, scheme="http", presents=False))
    gateway.publish(one)
    yield one
    gateway.withdraw(one)


def test_the_status_address_answers_once_there_is_a_configuration(gateway: Gateway) -> None:
    assert gateway.call(STATUS_PATH).status == 200
    assert gateway.call(f"{STATUS_PATH}/more").status == 404
    assert gateway.call(STATUS_PATH, method="POST").status == 200


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [
        ("GET /{path} HTTP/1.1", "Host: another\r\n"),
        ("GET /{path} HTTP/1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ("GET /{path} HTTP/1.1", "Content-Length: 5\r\nContent-Length: 6\r\n"),
        ("GET /{path}#fragment HTTP/1.1", ""),
        ("GET {path} HTTP/1.1", ""),
        ("GE T /{path} HTTP/1.1", ""),
    ],
)
def test_an_ambiguous_request_is_refused(gateway: Gateway, api: Policy, plain: Backend, request_line: str, headers: str) -> None:
    line = request_line.format(path=api.path)
    answer = gateway.raw(f"{line}\r\nHost: gateway\r\n{headers}\r\n".encode())
    assert answer.split()[1] in {b"400", b"404"}, answer
    assert not plain.calls


def test_too_large_headers_are_refused(gateway: Gateway, api: Policy, plain: Backend) -> None:
    assert gateway.call(f"/{api.path}", headers={"X-Large": "x" * 70_000}).status == 431
    assert gateway.call(f"/{api.path}", headers={f"X-{number}": "x" for number in range(110)}).status == 431
    assert not plain.calls


def test_large_bodies_pass_in_both_directions(gateway: Gateway, api: Policy) -> None:
    body = b"x" * 5_000_000
    assert len(gateway.call(f"/{api.path}", method="POST", body=body).json["body"]) == len(body)
    assert len(gateway.call(f"/{api.path}/large/{50_000_000}").body) == 50_000_000
    assert _peak_megabytes(gateway) < 300, "bodies are passed on piece by piece, not kept"


def _peak_megabytes(gateway: Gateway) -> float:
    status = Path(f"/proc/{gateway.process.pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def test_a_web_socket_is_passed_on(gateway: Gateway, new_api: Callable[[], int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = open_to_all(policy(new_api(), "web-socket", port=server.getsockname()[1], scheme="http", presents=False))
        gateway.publish(one)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as caller:
            caller.sendall(b"GET /web-socket/chat HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            accepted, _ = server.accept()
            with accepted:
                assert accepted.recv(4096).startswith(b"GET /chat HTTP/1.1\r\n")
                accepted.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                assert caller.recv(4096).startswith(b"HTTP/1.1 101 ")
                for ours, theirs in ((caller, accepted), (accepted, caller)):
                    ours.sendall(b"\x81\x02hi")
                    assert theirs.recv(16) == b"\x81\x02hi"
        gateway.withdraw(one)


def test_http_2_without_tls_is_understood_from_the_first_byte(gateway: Gateway) -> None:
    assert gateway.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")[3:4] == b"\x04", "a SETTINGS frame"


def test_a_back_end_that_falls_silent_is_given_up_as_long_as_one_that_sends_goes_on() -> None:
    with Backend() as plain, tempfile.TemporaryDirectory(prefix="gateway-") as home:
        gateway = Gateway(Path(home), idle_seconds=1)
        gateway.publish(open_to_all(policy(1, "slow", port=plain.port, scheme="http", presents=False)))
        answer = gateway.call("/slow/slow/9")  # which would be answered, had it more time
        assert (answer.status, answer.message) == (504, "The back end did not answer in time.")
        assert answer.json["activityId"] == answer.headers["x-activity-id"]
        assert gateway.call("/slow/slow/0.5").status == 200
        gateway.stop()


def test_calls_go_on_while_the_control_plane_is_away() -> None:
    with Backend() as plain, tempfile.TemporaryDirectory(prefix="gateway-") as home:
        gateway = Gateway(Path(home))
        one = open_to_all(policy(1, "kept", port=plain.port, scheme="http", presents=False))
        gateway.publish(one)
        gateway.feed.stop()
        assert gateway.call("/kept").status == 200
        gateway.stop()
