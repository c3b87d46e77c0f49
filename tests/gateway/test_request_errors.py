"""Requests that the gateway itself refuses: each answer has a sentence, in the published form, over HTTP/1 and HTTP/2."""

from __future__ import annotations

import json
import re
import socket

import pytest

from tests.gateway import http2
from tests.gateway.backends import Backend
from tests.gateway.conftest import Publish
from tests.gateway.gateways import Gateway

_HOST = "Host: gateway\r\n"


def sentence_in(answer: bytes, status: int) -> str:
    """Return the sentence of an answer over HTTP/1, which has the published form."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert b"\r\ncontent-type: application/json" in head.lower()
    return sentence_of(body, status)


def sentence_of(body: bytes, status: int) -> str:
    assert body.startswith(f'{{ "statusCode": {status}, "message": "'.encode()), body
    message = json.loads(body)["message"]
    assert re.fullmatch(r"[A-Z].{10,}\.", message), message
    return str(message)


@pytest.mark.parametrize(
    ("request_text", "status", "words"),
    [
        ("GET /refused HTTP/1.1\r\n\r\n", 400, "names no host"),
        (f"GET /refused HTTP/1.1\r\nHost: a\r\n{_HOST}\r\n", 400, "several hosts"),
        ("GET /refused HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "not a valid host name"),
        (f"GET /refused/%00 HTTP/1.1\r\n{_HOST}\r\n", 400, "encoded null"),
        (f"GET /refused#x HTTP/1.1\r\n{_HOST}\r\n", 400, "fragment"),
        (f"GET /refused/\xe9 HTTP/1.1\r\n{_HOST}\r\n", 400, "not valid HTTP"),
        (f"GE(T /refused HTTP/1.1\r\n{_HOST}\r\n", 400, "not valid HTTP"),
        (f"GE T /refused HTTP/1.1\r\n{_HOST}\r\n", 400, "not valid HTTP"),
        (f"GET /refused HTTP/1.1\r\n{_HOST}no header: x\r\n\r\n", 400, "not valid HTTP"),
        (f"GET /refused HTTP/1.1\r\n{_HOST}X: \x01\r\n\r\n", 400, "a character"),
        (f"QUERY /refused HTTP/1.1\r\n{_HOST}\r\n", 400, "Content-Type"),
        (f"CONNECT /refused HTTP/1.1\r\n{_HOST}\r\n", 400, "begins with a slash"),
        (f"GET https://gateway/refused HTTP/1.1\r\n{_HOST}\r\n", 400, "unencrypted"),
        (f"POST /refused HTTP/1.1\r\n{_HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "length twice"),
        (f"POST /refused HTTP/1.1\r\n{_HOST}Content-Length: x\r\n\r\n", 400, "not valid HTTP"),
        (f"POST /refused HTTP/1.1\r\n{_HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "not valid HTTP"),
        (f"POST /refused HTTP/1.1\r\n{_HOST}Transfer-Encoding: gzip\r\n\r\n", 501, "Transfer-Encoding"),
        (f"GET /refused HTTP/1.1\r\n{_HOST}Connection: Upgrade\r\nUpgrade: other\r\n\r\n", 403, "websocket"),
        (f"GET /refused HTTP/1.1\r\n{_HOST}X: {'x' * 70_000}\r\n\r\n", 431, "60 kB"),
        (f"GET /refused/{'x' * 70_000} HTTP/1.1\r\n{_HOST}\r\n", 431, "60 kB"),
        (f"GET /refused HTTP/1.1\r\n{_HOST}{''.join(f'X-{number}: x{chr(13)}{chr(10)}' for number in range(110))}\r\n", 431, "100 headers"),
    ],
)
def test_a_refused_request_is_told_why(
    gateway: Gateway, plain: Backend, publish: Publish, request_text: str, status: int, words: str
) -> None:
    publish("refused")
    assert words in sentence_in(gateway.raw(request_text.encode("latin-1")), status)


def test_headers_that_do_not_arrive_are_given_up_with_a_sentence(gateway: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall(b"GET /refused HTTP/1.1\r\n")
        assert "in time" in sentence_in(connection.recv(65536), 408)


def test_an_address_nobody_answers_is_not_found(gateway: Gateway) -> None:
    for request in (f"OPTIONS * HTTP/1.1\r\n{_HOST}\r\n", f"CONNECT gateway:443 HTTP/1.1\r\n{_HOST}\r\n"):
        assert b'{ "statusCode": 404, "message": "Resource not found" }' in gateway.raw(request.encode())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({":path": "/refused/..;/x"}, "segment that is . or .."),
        ({":path": "/refused/\xc0\xae\xc0\xae/x"}, "percent-encoded"),
        ({":path": "/refused#x"}, "fragment"),
        ({":authority": "a,b"}, "several hosts"),
        ({":method": "QUERY"}, "Content-Type"),
    ],
)
def test_a_refused_request_is_told_why_over_http_2(
    gateway: Gateway, plain: Backend, publish: Publish, changed: dict[str, str], words: str
) -> None:
    publish("refused")
    sent = {":method": "GET", ":scheme": "http", ":authority": "gateway", ":path": "/refused", **changed}
    assert words in sentence_of(http2.call(gateway.port, sent.items()), 400)
    assert not plain.calls


@pytest.mark.parametrize("wrong", [("Upper-Case", "x"), ("connection", "close"), ("x", "\x01"), (":unknown", "x")])
def test_what_is_no_request_at_all_over_http_2_ends_its_stream_alone(
    gateway: Gateway, plain: Backend, publish: Publish, wrong: tuple[str, str]
) -> None:
    """RFC 9113, 8.1.1: a malformed request is a stream error; there is no request that could be answered."""
    publish("refused")
    sent = [(":method", "GET"), (":scheme", "http"), (":authority", "gateway"), (":path", "/refused"), wrong]
    assert http2.call(gateway.port, sent) == b"RST_STREAM"
    assert not plain.calls
