"""The callers see what becomes of each call, also of those that get no answer."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from benchmarks.callers import BROKEN, NOBODY, Request, call_once, calling
from benchmarks.report import Spread, percentile
from kit.ports import free_port


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers /seen as a back end would, /refused with 502, and hangs up on anything else."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/hang-up":
            self.close_connection = True
            return
        self.send_response(200 if self.path == "/seen" else 502)
        self.send_header("x-client", "ab12") if self.path == "/seen" else None
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_parts: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_each_call_is_told_apart(port: int) -> None:
    with calling(port, [Request("/seen"), Request("/refused"), Request("/hang-up")], number=2, pause=0.002) as calls:
        time.sleep(0.3)
    assert len(calls) > 10
    assert {(call.request, call.status, call.seen) for call in calls} == {(0, 200, "ab12"), (1, 502, NOBODY), (2, BROKEN, NOBODY)}
    assert all(call.began <= call.ended for call in calls)


def test_calls_are_found_by_when_they_ended(port: int) -> None:
    with calling(port, [Request("/seen")], number=1, pause=0.005) as calls:
        time.sleep(0.2)
    middle = calls[len(calls) // 2].ended
    assert all(call.ended < middle for call in calls.ended_between(0, middle))
    assert len(list(calls.ended_between(0, middle))) == len(calls) // 2


def test_one_call_over_a_new_connection(port: int) -> None:
    assert call_once(port, Request("/seen")).seen == "ab12"
    assert call_once(free_port(), Request("/seen")).status == BROKEN


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], share) == expected


def test_a_spread_is_the_median_between_the_extremes() -> None:
    assert str(Spread.of([1.0, 9.0, 4.0])) == "4 (1 to 9)"
