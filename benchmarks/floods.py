"""Other pages' latency while callers of ill will do their worst. ``python -m benchmarks.floods``

A portal of its own; one person asks for pages, one after the other, while a flood of one kind is on.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from benchmarks.report import Row, options, percentile, progress, publish
from tests.whole.pages import PASSWORD, Pages, post

_TOKEN = 32 * "a"
_COOKIE = f"Cookie: __Host-csrftoken={_TOKEN}"
_API = "/management/certificates?api-version=2024-05-01"
_MEBIBYTE = 1024 * 1024
_BEHIND_PROXY = "https://localhost/"
_BY_HTTPS = {"Host": "localhost", "X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1"}

Flood = Callable[[Pages, int], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def calm(_pages: Pages, _callers: int) -> Iterator[None]:
    """Nobody else is there."""
    yield


def unfinished(begins: bytes, *, drips: bool = False) -> Flood:
    """Return a flood of connections that send *begins* and then nothing, or a byte now and then."""

    @contextlib.contextmanager
    def flood(pages: Pages, callers: int) -> Iterator[None]:
        ended = threading.Event()
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(pages.connect()) for _ in range(callers)]
            for connection in connections:
                connection.sendall(begins)

            def drip() -> None:
                while not ended.wait(0.5):
                    for connection in connections:
                        with contextlib.suppress(OSError):  # answered and closed
                            connection.sendall(b"a")

            dripping = threading.Thread(target=drip if drips else ended.wait)
            dripping.start()
            try:
                yield
            finally:
                ended.set()
                dripping.join()

    return flood


@contextlib.contextmanager
def sign_ins(pages: Pages, callers: int) -> Iterator[None]:
    """Wrong passwords from many addresses, a tenth of the *callers* at any time."""
    ended = threading.Event()

    def attempt(number: int) -> None:
        tries = 0
        while not ended.is_set():
            tries += 1
            headers = {"Cookie": f"__Host-csrftoken={_TOKEN}", "X-Forwarded-For": f"10.{number}.{tries // 250}.{tries % 250}"}
            fields = {"csrfmiddlewaretoken": _TOKEN, "username": f"somebody-{number}", "password": "wrong"}
            requests.post(f"{pages.url}/accounts/login/", data=fields, headers=headers, timeout=60)

    crowd = [threading.Thread(target=attempt, args=(number,)) for number in range(callers // 10)]
    for one in crowd:
        one.start()
    try:
        yield
    finally:
        ended.set()
        for one in crowd:
            one.join()


@contextlib.contextmanager
def test_tab(pages: Pages, callers: int) -> Iterator[None]:
    """Calls on the Test tab to a gateway that takes connections and says nothing, a tenth of the *callers* at any time."""
    cookies = _signed_in(pages)
    token = cookies["__Host-csrftoken"]
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "Referer": _BEHIND_PROXY, **_BY_HTTPS}
    made = {
        "display_name": "Silent",
        "name": "silent",
        "service_url": "https://backend.example/",
        "path": "silent",
        "subscription_required": "",
    }
    requests.post(f"{pages.url}/apis/new/", data={"csrfmiddlewaretoken": token, **made}, headers=headers, timeout=60, allow_redirects=False)
    ended = threading.Event()

    def call() -> None:
        while not ended.is_set():
            fields = {"csrfmiddlewaretoken": token, "operation": "everything", "method": "GET", "rest": "x"}
            answer = requests.post(f"{pages.url}/apis/silent/console/", data=fields, headers=headers, timeout=60)
            assert answer.status_code != 422, answer.text  # it is called, or waits for its turn

    crowd = [threading.Thread(target=call) for _ in range(callers // 10)]
    for one in crowd:
        one.start()
    try:
        yield
    finally:
        ended.set()
        for one in crowd:
            one.join()


def _signed_in(pages: Pages) -> dict[str, str]:
    """Return the cookies of the first administrator, which browsers would keep for HTTPS."""
    fields = {"csrfmiddlewaretoken": _TOKEN, "username": "admin", "password": PASSWORD}
    headers = {"Cookie": f"__Host-csrftoken={_TOKEN}", "Referer": _BEHIND_PROXY, **_BY_HTTPS}
    answer = requests.post(f"{pages.url}/accounts/login/", data=fields, headers=headers, timeout=60, allow_redirects=False)
    assert answer.status_code == requests.codes.found, answer.text
    return answer.cookies.get_dict()


FLOODS: dict[str, Flood] = {
    "calm": calm,
    "silent connections": unfinished(b""),
    "half a header": unfinished(b"POST /accounts/login/ HTT"),
    "idle bodies, sign-in": unfinished(post("/accounts/login/", _COOKIE, length=2, body=b"a")),
    "dripping bodies, a form": unfinished(post("/apis/new/", _COOKIE, length=5000, body=b"a"), drips=True),
    "large idle bodies": unfinished(post("/security/client-certificates/upload/", _COOKIE, length=10_000_000, body=b"a")),
    "idle bodies, REST": unfinished(post(_API, "Authorization: Bearer wrong", length=500, body=b"a")),
    "HTTP/2": unfinished(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "idle bodies, Test tab": unfinished(post("/apis/silent/console/", _COOKIE, length=500, body=b"a")),
    "wrong passwords": sign_ins,
    "Test tab, a silent gateway": test_tab,
}


def main(arguments: Namespace) -> None:
    """Measure and publish."""
    callers, rounds = (50, 5) if arguments.quick else (500, 100)
    rows: list[Row] = []
    with (
        TemporaryDirectory(prefix="floods-") as folder,
        socket.create_server(("127.0.0.1", 0), backlog=1000) as silent,
        Pages(Path(folder) / "home", PORTAL_BEHIND_TLS_PROXY="1", GATEWAY_ADDRESS=f"127.0.0.1:{silent.getsockname()[1]}") as pages,
    ):
        for path in ("/healthz", "/accounts/login/") * 4:
            pages.wait_for(path)
        before = pages.memory()
        for title, flood in FLOODS.items():
            progress(f"{title} …")
            with flood(pages, callers):
                took = [1000 * pages.wait_for(path) for path in ("/healthz", "/accounts/login/") * rounds]
                grown = (pages.memory() - before) / _MEBIBYTE
            figures = {"p50 ms": percentile(took, 0.5), "p95 ms": percentile(took, 0.95), "max ms": max(took)}
            rows.append({"": title, **figures, "memory MiB": grown})
    publish("floods", {f"{callers} callers": rows}, arguments, remarks=["Pages: the health check and the sign-in page, in turns."])


if __name__ == "__main__":
    main(options("Measure other pages while callers of ill will do their worst.").parse_args())
