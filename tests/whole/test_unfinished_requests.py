"""Callers who never finish what they send hold nobody up, and who is refused early is told whether the connection goes on."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
import requests

from tests.whole.pages import Pages, answer_on, post

CROWD = 500
SOON = 5.0  # seconds: half of what a body may take, the least that somebody held up by one would wait; refusing a crowd is work, too
API = "/management/certificates?api-version=2024-05-01"
TOKEN = "csrftoken=" + 32 * "a"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with Pages(tmp_path_factory.mktemp("pages") / "home") as pages:
        yield pages


@pytest.fixture(scope="module")
def session(pages: Pages) -> requests.Session:
    return pages.sign_in()


def cookie_of(session: requests.Session) -> str:
    return "Cookie: " + "; ".join(f"{name}={value}" for name, value in session.cookies.items())


@contextlib.contextmanager
def crowd(pages: Pages, begins: bytes) -> Iterator[list[socket.socket]]:
    """Many connections on each of which a request was begun."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(pages.connect()) for _ in range(CROWD)]
        for connection in connections:
            connection.sendall(begins)
        yield connections


UNFINISHED = {
    "nothing": b"",
    "half a header": b"POST /accounts/login/ HTT",
    "sign-in": post("/accounts/login/", f"Cookie: {TOKEN}", length=2, body=b"a"),
    "new API": post("/apis/new/", f"Cookie: {TOKEN}", length=500, body=b"a"),
    "large": post("/accounts/login/", f"Cookie: {TOKEN}", length=10_000_000, body=b"a"),
    "chunked": post("/accounts/login/", f"Cookie: {TOKEN}").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"5\r\na",
    "REST": post(API, "Authorization: Bearer unknown", length=500, body=b"a"),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("begins", UNFINISHED.values(), ids=UNFINISHED)
def test_pages_answer_as_before_while_many_requests_are_not_finished(pages: Pages, begins: bytes) -> None:
    with crowd(pages, begins):
        assert max(pages.wait_for(path) for path in ("/healthz", "/accounts/login/") * 5) < SOON
        began = time.monotonic()
        pages.sign_in().close()
        assert time.monotonic() - began < SOON


@pytest.mark.parametrize("path", ["/security/client-certificates/upload/", "/apis/orders/console/"])
def test_the_same_for_those_who_are_signed_in(pages: Pages, session: requests.Session, path: str) -> None:
    with crowd(pages, post(path, cookie_of(session), length=200_000, body=b"a")):
        time.sleep(1)  # each was looked up
        assert max(pages.wait_for(path) for path in ("/healthz", "/accounts/login/") * 5) < SOON


def test_pages_answer_as_before_while_many_bodies_drip(pages: Pages) -> None:
    with crowd(pages, UNFINISHED["new API"]) as connections:
        for _ in range(10):
            for connection in connections:
                with contextlib.suppress(OSError):  # it was answered and closed
                    connection.sendall(b"a")
            assert pages.wait_for() < SOON


def test_a_body_that_takes_too_long_is_refused_with_a_sentence(pages: Pages) -> None:
    with pages.connect() as connection:
        connection.sendall(UNFINISHED["sign-in"])
        answer = answer_on(connection)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"What you sent took too long" in answer
        assert b"connection: close" in answer


def test_a_connection_that_says_nothing_is_closed(pages: Pages) -> None:
    with pages.connect() as connection:
        connection.settimeout(40)
        assert connection.recv(1) == b""


def test_who_is_not_signed_in_sends_little(pages: Pages) -> None:
    answer = requests.post(f"{pages.url}/accounts/login/", data=b"a" * 100_000, timeout=30)
    assert answer.status_code == requests.codes.request_entity_too_large
    assert "What you sent is too large" in answer.text


def test_who_is_signed_in_learns_at_the_field_that_a_file_is_too_large(pages: Pages, session: requests.Session) -> None:
    page = f"{pages.url}/security/client-certificates/upload/"
    token = session.cookies["csrftoken"]
    answer = session.post(page, files={"file": ("a.pfx", b"a" * 3_000_000)}, headers={"X-CSRFToken": token, "Referer": page}, timeout=30)
    assert answer.status_code == requests.codes.unprocessable_entity
    assert "256 KiB" in answer.text


@pytest.mark.parametrize("pause", [0, 0.002, 0.02])
@pytest.mark.parametrize(
    ("path", "status"),
    [(API, b"401"), ("/management/nothing", b"401"), ("/apis/new/", b"403"), ("/accounts/login/", b"403")],
)
def test_a_refusal_leaves_the_connection_as_it_was(pages: Pages, path: str, status: bytes, pause: float) -> None:
    for _ in range(10):
        with pages.connect() as connection:
            connection.sendall(post(path, "Authorization: none", length=2000))
            time.sleep(pause)
            connection.sendall(b"a" * 2000)
            assert answer_on(connection).split()[1] == status
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer_on(connection).endswith(b"ok\n")


def test_a_refusal_that_ends_the_connection_says_so(pages: Pages) -> None:
    with pages.connect() as connection:
        connection.sendall(post(API, "Authorization: none", length=100_000_000, body=b"a"))
        answer = answer_on(connection)
        assert answer.split()[1] == b"401"
        assert b"connection: close" in answer


def test_a_name_with_an_underscore_does_not_pass_for_a_header(pages: Pages) -> None:
    with pages.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX_Forwarded_Host: elsewhere\r\nHX_Request: true\r\n\r\n")
        assert answer_on(connection).endswith(b"ok\n")


@pytest.mark.parametrize("body", [b"zz\r\naa\r\n0\r\n\r\n", b"2;" + b"x" * 100_000 + b"\r\naa\r\n0\r\n\r\n"])
def test_a_body_that_is_none_is_the_callers_mistake(pages: Pages, body: bytes) -> None:
    with pages.connect() as connection:
        connection.sendall(post("/accounts/login/").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + body)
        answer = answer_on(connection)
    assert answer.split()[1] == b"400"
    assert b"connection: close" in answer
