"""What the try says of each kind of back end, on servers that are so; docs/backends.md has the same table."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.utils.translation import override

from apis.policy.model import Backend, Trust
from certificates.identity import Identity
from certificates.rollout.models import Outcome, Tried
from certificates.rollout.trying import Reason, Result
from certificates.rollout.words import reason_sentence
from gateway.trying import judge, seen_from_here, way_of
from kit.issuing import Issued, issue, rsa_key
from kit.ports import free_ports
from tests.apis.tls_servers import ANSWER, Listening, alert, by_tls, context_of, resetting, saying, serving
from tests.gateway.foreign import Apache, Nginx, OpenSsl

DOCUMENT = Path(__file__).parents[2] / "docs" / "backends.md"
NOW, DAY = datetime.now(UTC), timedelta(days=1)
AUTHORITY, ANOTHER = issue("Test authority", authority=True), issue("Another authority", authority=True)
SERVER = issue("backend", by=AUTHORITY, hosts=("localhost", "127.0.0.1"), key=rsa_key())
CLIENT = issue("client", by=AUTHORITY)
ENDED = issue("ended", by=AUTHORITY, not_before=NOW - 9 * DAY, not_after=NOW - DAY)
NOT_FOR_CLIENTS = issue("not for clients", by=AUTHORITY, purpose=ExtendedKeyUsageOID.SERVER_AUTH)
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
Started = contextlib.AbstractContextManager[Listening]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A back end, and what the try says of it."""

    title: str
    start: Callable[[], Started]
    outcome: Outcome
    reason: Reason
    status: int | None = None
    path: str = ""
    presents: Issued = field(default=CLIENT)
    asks_later: bool = False
    host: str = "localhost"
    said: str = ""

    def tried(self) -> Result:
        """Start it and try it from here."""
        with self.start() as server:
            backend = Backend(
                scheme="https", host=self.host, port=server.port, path="", trust=Trust(trusted_ca=AUTHORITY.pem), asks_later=self.asks_later
            )
            pfx = self.presents.as_pfx()
            return judge(seen_from_here(way_of(backend, self.path), Identity.of(pfx.certificate, pfx.chain, pfx.private_key)))

    @property
    def row(self) -> str:
        """The row of the table in the documentation."""
        with override("en"):
            sentence = reason_sentence(Tried(reason=self.reason, status=self.status))
            return f"| {self.title} | {self.path or '–'} | {self.outcome.label} | {sentence} |"


def demanding(newest: ssl.TLSVersion, accepts: Issued = AUTHORITY, *, revoked: Issued | None = None, answer: bytes = ANSWER) -> Started:
    """Start a server that demands client certificates of an authority."""
    return serving(by_tls(context_of(SERVER, accepts=accepts, newest=newest, revoked=revoked), answer))


def answering(status: int) -> Callable[[], Started]:
    return lambda: demanding(TLS_1_3, answer=f"HTTP/1.1 {status} So\r\nContent-Length: 0\r\n\r\n".encode())


@contextlib.contextmanager
def nginx(accepts: Issued) -> Iterator[Listening]:
    with Nginx(SERVER, "ssl", "", accepts) as server:
        yield Listening(server.port)


@contextlib.contextmanager
def apache_that_asks_later() -> Iterator[Listening]:
    with Apache(SERVER, AUTHORITY) as server:
        yield Listening(server.ports[0])


@contextlib.contextmanager
def openssl_of_long_ago() -> Iterator[Listening]:
    options = ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    with OpenSsl(certificate=SERVER.pem, key=SERVER.key_pem, options=options) as server:
        yield Listening(server.port)


@contextlib.contextmanager
def nobody() -> Iterator[Listening]:
    yield Listening(free_ports(1)[0])


def _case(title: str, start: Callable[[], Started], outcome: Outcome, reason: Reason, **more: object) -> Case:
    return Case(title=title, start=start, outcome=outcome, reason=reason, **more)  # type: ignore[arg-type]  # as Case has them


CASES = [
    _case("takes it, TLS 1.2", lambda: demanding(TLS_1_2), Outcome.ACCEPTED, Reason.HANDSHAKE),
    _case("takes it, TLS 1.3", lambda: demanding(TLS_1_3), Outcome.ACCEPTED, Reason.HANDSHAKE),
    _case("takes it and answers", lambda: demanding(TLS_1_3), Outcome.ACCEPTED, Reason.ANSWER, path="/health", status=200),
    _case("takes it, and knows no such path", answering(404), Outcome.ACCEPTED, Reason.ANSWER, path="/health", status=404),
    _case("trusts another authority, TLS 1.2", lambda: demanding(TLS_1_2, ANOTHER), Outcome.REFUSED, Reason.ALERT, said="unknown ca"),
    _case("trusts another authority, TLS 1.3", lambda: demanding(TLS_1_3, ANOTHER), Outcome.REFUSED, Reason.ALERT, said="unknown ca"),
    _case("knows that it was revoked", lambda: demanding(TLS_1_3, revoked=CLIENT), Outcome.REFUSED, Reason.ALERT, said="revoked"),
    _case("finds that it has ended", lambda: demanding(TLS_1_3), Outcome.REFUSED, Reason.ALERT, presents=ENDED, said="expired"),
    _case("finds that it is not for clients", lambda: demanding(TLS_1_3), Outcome.REFUSED, Reason.ALERT, presents=NOT_FOR_CLIENTS),
    _case("refuses by a page, 403", answering(403), Outcome.REFUSED, Reason.REFUSING_ANSWER, path="/health", status=403),
    _case("nginx, takes it", lambda: nginx(AUTHORITY), Outcome.ACCEPTED, Reason.ANSWER, path="/health", status=200),
    _case("nginx, refuses it by a page", lambda: nginx(ANOTHER), Outcome.REFUSED, Reason.REFUSING_ANSWER, path="/health", status=400),
    _case("nginx, refuses it by a page, no path named", lambda: nginx(ANOTHER), Outcome.ACCEPTED, Reason.HANDSHAKE),
    _case("does not ask", lambda: serving(by_tls(context_of(SERVER))), Outcome.NOT_ASKED, Reason.NOT_ASKED),
    _case("Apache, asks later", apache_that_asks_later, Outcome.ACCEPTED, Reason.ANSWER, path="/secret/x", asks_later=True, status=200),
    _case("fails behind the handshake", answering(503), Outcome.UNKNOWN, Reason.FAILING_ANSWER, path="/health", status=503),
    _case("never answers", lambda: demanding(TLS_1_3, answer=b""), Outcome.UNKNOWN, Reason.NO_ANSWER, path="/health"),
    _case("speaks HTTP without TLS", lambda: serving(saying(ANSWER)), Outcome.UNREACHABLE, Reason.NO_HANDSHAKE),
    _case("is no web server", lambda: serving(saying(b"SSH-2.0-OpenSSH_9.2\r\n")), Outcome.UNREACHABLE, Reason.NO_HANDSHAKE),
    _case("has no parameters in common", lambda: serving(saying(alert(40))), Outcome.UNREACHABLE, Reason.NO_HANDSHAKE),
    _case("speaks TLS 1.1 alone", openssl_of_long_ago, Outcome.UNREACHABLE, Reason.NO_HANDSHAKE),
    _case("resets the connection", lambda: serving(resetting), Outcome.UNREACHABLE, Reason.NO_HANDSHAKE),
    _case("is not there", nobody, Outcome.UNREACHABLE, Reason.NO_CONNECTION),
    _case("has a name that no server can have", nobody, Outcome.UNREACHABLE, Reason.NO_NAME, host=f"{'a' * 64}.example"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_try_says_what_a_back_end_makes_of_a_certificate(case: Case) -> None:
    result = case.tried()
    assert (result.outcome, result.reason, result.status) == (case.outcome, case.reason, case.status)
    assert case.said in result.said


def test_the_documentation_has_the_same_table() -> None:
    assert "\n".join(case.row for case in CASES) in DOCUMENT.read_text(encoding="utf-8")
