"""The Test tab and "Test this connection" believe nothing that a back end says, and take turns."""

from __future__ import annotations

import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from apis import gateway_call
from portal.turns import Turns
from tests.apis.test_console import TRY, URL, Gateway, gateway  # noqa: F401 - the fixture
from tests.makers import make_api, make_subscription

pytestmark = pytest.mark.any_database

CALL = {"operation": "everything", "method": "GET"}


def _own(**more: object) -> bytes:
    return json.dumps({"statusCode": 200, "message": "x", **more}).encode()


ANSWERS: dict[str, bytes] = {
    "an activity id with a slash": _own(activityId="a/b"),
    "an empty activity id": _own(activityId=""),
    "an activity id of dots": _own(activityId=".."),
    "an activity id with a line end": _own(activityId="a\n"),
    "a long activity id": _own(activityId="a" * 100_000),
    "half a character as activity id": _own(activityId="\ud800"),
    "a number as activity id": _own(activityId=7),
    "a list as activity id": _own(activityId=["a"]),
    "no activity id": _own(activityId=None),
    "half a character": _own().replace(b'"x"', b'"\\ud800"'),
    "half a character of its own": b'{"a": "\\udfff"}',
    "a list as message": b'{"statusCode": 200, "message": [1]}',
    "nested 900 deep": b"[" * 900 + b"]" * 900,
    "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "objects 20,000 deep": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "a number of 10,000 digits": b"1" * 10_000,
    "an endless number": b'{"a": 1e999}',
    "no number": b"NaN",
    "a NUL": b'{"a": "\\u0000"}',
    "nothing": b"",
    "bytes": bytes(range(256)),
}
CHARSETS = [
    "utf-16",
    "utf-7",
    "idna",
    "punycode",
    "zip",
    "rot13",
    "hex",
    "unicode_escape",
    "undefined",
    "mbcs",
    "nothing",
    "é",
    "\x01",
    "",
    "utf-8-sig",
]


@pytest.mark.parametrize("content", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("path", [URL, TRY])
def test_no_content_breaks_the_page(signed_in: Client, gateway: Gateway, content: bytes, path: str) -> None:  # noqa: F811
    make_subscription("all", api=make_api("orders"))
    gateway.content = content
    answer = signed_in.post(path, CALL)
    assert answer.status_code == 200
    assert len(answer.content) < 4_000_000


@pytest.mark.parametrize("charset", CHARSETS)
def test_no_charset_breaks_the_page(signed_in: Client, gateway: Gateway, charset: str) -> None:  # noqa: F811
    make_api("orders")
    gateway.headers, gateway.content = {"Content-Type": f"text/plain; charset={charset}"}, zlib.compress(b"a" * 1_000_000)
    assert signed_in.post(URL, CALL).status_code == 200


def test_content_that_unpacks_to_much_is_cut_off(signed_in: Client, gateway: Gateway) -> None:  # noqa: F811
    make_api("orders")
    gateway.headers, gateway.content = {"Content-Encoding": "deflate"}, zlib.compress(b"a" * 200_000_000)
    answer = signed_in.post(URL, CALL)
    assert answer.status_code == 200
    assert len(answer.content) < 1_000_000


@pytest.fixture
def silence(settings: Settings) -> Iterator[None]:
    """Where the gateway is expected somebody accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        settings.GATEWAY_HOST, settings.GATEWAY_PORT = server.getsockname()
        yield


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [URL, TRY])
def test_calls_that_are_not_answered_hold_few_threads(publisher: User, silence: None, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    make_subscription("all", api=make_api("orders"))
    monkeypatch.setattr(gateway_call, "_turns", Turns(at_once=2, waiting=1, seconds=0.2))
    monkeypatch.setattr(gateway_call, "TOTAL_SECONDS", 3.0)
    took: list[tuple[int, float]] = []

    def attempt() -> None:
        client = Client()
        client.force_login(publisher)
        began = time.monotonic()
        took.append((client.post(path, CALL).status_code, time.monotonic() - began))
        connection.close()

    crowd = [threading.Thread(target=attempt) for _ in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert sorted(status for status, _ in took) == [200, 200, 429, 429, 429, 429, 429, 429]
    assert all(seconds < 2.5 for status, seconds in took if status == 429)
