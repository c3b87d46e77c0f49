"""The management REST API byte by byte: bodies in chunks, conditions in whatever bytes, refusals that leave the connection as it was."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.whole.pages import Pages, answer_on

S = "/management/subscriptions/any/resourceGroups/any/providers/Microsoft.ApiManagement/service/portal"
API = json.dumps({"properties": {"displayName": "Orders", "path": "orders", "serviceUrl": "https://orders.example.com"}}).encode()


@dataclass(frozen=True)
class Caller:
    """Somebody with a token, who writes each byte."""

    pages: Pages
    token: str

    def head(self, method: str, path: str, *headers: bytes, version: str = "2024-05-01") -> bytes:
        line = f"{method} {S}/{path}?api-version={version} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}".encode()
        return b"\r\n".join([line, *headers, b"", b""])

    def answers(self, *requests: bytes) -> list[bytes]:
        """Send *requests* on one connection, one after the other, and return the answers."""
        answers = []
        with self.pages.connect() as connection:
            for request in requests:
                connection.sendall(request)
                answers.append(answer_on(connection))
        return answers


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with Pages(tmp_path_factory.mktemp("rest") / "home") as pages:
        yield Caller(pages, json.loads(pages.manage("token", "create", "--user", "admin", "--json"))["token"])


def status(answer: bytes) -> int:
    return int(answer.split()[1])


def length(body: bytes) -> bytes:
    return f"Content-Length: {len(body)}".encode()


def test_a_body_may_come_in_chunks(caller: Caller) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (API[:7], API[7:])) + b"0\r\n\r\n"
    put = caller.head("PUT", "apis/chunked", b"Transfer-Encoding: chunked") + chunks
    made, again = caller.answers(put, caller.head("GET", "apis/chunked"))
    assert (status(made), status(again)) == (201, 200), made
    too_large = b"600001\r\n" + b" " * 0x600001 + b"\r\n0\r\n\r\n"
    (refused,) = caller.answers(caller.head("PUT", "apis/chunked", b"Transfer-Encoding: chunked") + too_large)
    assert status(refused) == 413


@pytest.mark.parametrize("tag", [b"\xff", '"ö"'.encode(), b'"other"', b'W/"\xe4", "x"'])
def test_a_condition_holds_in_whatever_bytes_it_comes(caller: Caller, tag: bytes) -> None:
    name = f"apis/conditional-{tag.hex()}"
    body = API.replace(b'"orders"', f'"{tag.hex()}"'.encode())
    made, patched, deleted, there = caller.answers(
        caller.head("PUT", name, length(body)) + body,
        caller.head("PATCH", name, b"If-Match: " + tag, length(body)) + body,  # its path is no other API's
        caller.head("DELETE", name, b"If-Match: " + tag),
        caller.head("GET", name),
    )
    assert [status(one) for one in (made, patched, deleted, there)] == [201, 412, 412, 200]


REFUSED = {
    "unknown kind": ("PUT", "namedValues/x", "2024-05-01", 400),
    "unknown address": ("PUT", "inventions/x", "2024-05-01", 404),
    "version": ("PUT", "apis/orders", "2017-01-01", 400),
    "method": ("POST", "apis/orders", "2024-05-01", 405),
    "body": ("PUT", "certificates/x", "2024-05-01", 400),
}


@pytest.mark.parametrize("pause", [0, 0.002, 0.02])
@pytest.mark.parametrize(("method", "path", "version", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_leaves_the_connection_to_the_next_request(
    caller: Caller, method: str, path: str, version: str, expected: int, pause: float
) -> None:
    for _ in range(5):
        with caller.pages.connect() as connection:
            connection.sendall(caller.head(method, path, length(API), version=version))
            time.sleep(pause)
            connection.sendall(API)
            assert status(answer_on(connection)) == expected
            connection.sendall(caller.head("GET", "apis"))
            assert status(answer_on(connection)) == 200
