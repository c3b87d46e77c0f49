"""What calls itself an ACME authority may answer anything: it is told, or two thirds of the life count, and nothing of ours ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from certificates.judgement import Purpose
from certificates.signing import KeyKind
from certificates.sources.acme.ordering import HTTP_01, Authority, Wish, new_account_key
from certificates.sources.acme.proofs import proof_by
from certificates.sources.trouble import Trouble
from tests.makers import Issued, issue

NOW = datetime.now(UTC)
ROOT = issue("Root", authority=True)
ORDERS = issue("orders", by=ROOT, not_before=NOW - timedelta(days=10), not_after=NOW + timedelta(days=80))
WITHOUT_AUTHORITY = issue("orders")  # names no key of its authority, as self-signed ones do


def _window(first: datetime, last: datetime) -> str:
    return json.dumps({"suggestedWindow": {"start": first.isoformat(), "end": last.isoformat()}})


@contextmanager
def answering(renewal: str, *, directory: str = "", **headers: str) -> Iterator[str]:
    """Run what answers *renewal* to whoever asks when to renew; yield the address of its directory."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = renewal if "/ari/" in self.path else directory or json.dumps({"renewalInfo": f"{base}/ari"})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        base = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{base}/directory"
        server.shutdown()


def renewal_of(directory: str, issued: Issued = ORDERS) -> tuple[datetime | None, datetime]:
    return Authority(directory, new_account_key()).renewal_of(issued.der)


@pytest.mark.parametrize(
    "answer",
    [
        *("", "null", "[]", "7", '"soon"', "{}", "[" * 100_000, '{"suggestedWindow": null}', '{"suggestedWindow": {}}'),
        '{"suggestedWindow": {"start": "soon", "end": 5}}',
        '{"suggestedWindow": {"start": "2027-01-01T00:00:00", "end": "2027-01-02T00:00:00Z"}}',
    ],
)
def test_an_answer_that_says_nothing_leaves_it_to_the_certificates_life(answer: str) -> None:
    with answering(answer) as directory:
        at, ask_at = renewal_of(directory)
    assert at is None
    assert ask_at > datetime.now(UTC)


@pytest.mark.parametrize("answer", ["null", "[]", "7", '{"meta": 5}', '{"renewalInfo": 5}'])
def test_a_directory_that_is_none_neither(answer: str) -> None:
    with answering("{}", directory=answer) as directory:
        assert renewal_of(directory)[0] is None
        wish = Wish(directory=directory, names=("orders.example.com",), key=KeyKind.EC_P256, challenge=HTTP_01)
        with pytest.raises(Trouble):
            Authority(directory, new_account_key()).obtain(wish, Purpose.CLIENT, proof_by(HTTP_01))


def test_a_certificate_that_names_no_key_of_its_authority_cannot_be_asked_about() -> None:
    with answering(_window(NOW, NOW + timedelta(days=1))) as directory:
        assert renewal_of(directory, WITHOUT_AUTHORITY)[0] is None


def test_a_moment_within_its_life_counts_and_a_later_one_does_not() -> None:
    with answering(_window(NOW, NOW + timedelta(days=1)), Retry_After="600") as directory:
        at, ask_at = renewal_of(directory)
        assert at is not None
        assert NOW <= at <= NOW + timedelta(days=1)
        assert ask_at < datetime.now(UTC) + timedelta(hours=1)
    with answering(_window(NOW + timedelta(days=365), NOW + timedelta(days=366))) as directory:
        assert renewal_of(directory)[0] is None


@pytest.mark.parametrize("pause", ["9" * 30, "-5", "soon", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_whatever_it_says_of_when_to_ask_again(pause: str) -> None:
    with answering(_window(NOW, NOW + timedelta(days=1)), Retry_After=pause) as directory:
        now, ask_at = datetime.now(UTC), renewal_of(directory)[1]
    assert now < ask_at < now + timedelta(days=1, minutes=1)
