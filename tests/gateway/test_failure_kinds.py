"""Different failures are different sentences, and none blames what is not at fault: servers that fail in every way that was seen."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from apis.policy.failure import FAILURE_HEADER, Failure
from gateway.compile.answers.failures import FAILURES
from gateway.models import FailureKind
from gateway.seeing.failures import failed_call
from kit.issuing import Issued, issue
from tests.gateway.backends import Backend
from tests.gateway.backends import Call as BackendCall
from tests.gateway.gateways import KEY, Answer, Gateway, policy

Call = Callable[..., Answer]
Act = Callable[[socket.socket], object]


@pytest.fixture
def call(gateway: Gateway, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]) -> Call:
    """Return what calls a port over an API of its own, ever further paths over the same connection to the back end."""

    def call(port: int, *targets: str, method: str = "GET", presents: bool = True, scheme: str = "https") -> Answer:
        number = new_api()
        one = policy(number, f"failing-{number}", port=port, trusted=authority, presents=presents, scheme=scheme)
        assert not gateway.publish(one, client_certificate if presents else None)
        answers = [gateway.call(f"/{one.path}{target}", key=KEY, method=method) for target in targets or ("/",)]
        gateway.withdraw(one)
        return answers[-1]

    return call


@contextlib.contextmanager
def raw_server(act: Act) -> Iterator[int]:
    """Run a server that reads what comes first and then does *act*; yield its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self.request.recv(65536)
                act(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def close(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def alert(code: int) -> Act:
    """Answer a ClientHello with a fatal alert of TLS (RFC 8446, 6)."""

    def act(connection: socket.socket) -> None:
        connection.sendall(bytes([21, 3, 3, 0, 2, 2, code]))
        time.sleep(0.05)

    return act


def answer_with(headers: int) -> Act:
    lines = [f"X-{number}: 1" for number in range(headers - 1)]
    return lambda connection: connection.sendall("\r\n".join(["HTTP/1.1 200 OK", *lines, "Content-Length: 0", "", ""]).encode())


def with_usage(authority: Issued, extension: x509.ExtensionType) -> Issued:
    """Return a server's certificate for one usage only."""
    plain = issue("server", by=authority, hosts=("localhost",))
    old = plain.certificate
    builder = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        old.public_key(),
        old.serial_number,
        old.not_valid_before_utc,
        old.not_valid_after_utc,
        list(old.extensions),
    )
    return Issued(certificate=builder.add_extension(extension, critical=False).sign(authority.key, hashes.SHA256()), key=plain.key)


def usage_without_signatures() -> x509.KeyUsage:
    names = ["content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(digital_signature=False, key_encipherment=True, **dict.fromkeys(names, False))


# --- the back end's certificate ----------------------------------------------------------------------------------------


def test_a_server_certificate_that_is_not_valid_yet_is_told(call: Call, authority: Issued) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with Backend(issue("early", by=authority, hosts=("localhost",), not_before=tomorrow), authority) as backend:
        assert call(backend.port).message == "The back end's certificate could not be verified: it is not valid yet."


@pytest.mark.parametrize("purpose", [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.CODE_SIGNING], ids=["clients", "code"])
def test_a_server_certificate_for_another_purpose_is_told(call: Call, authority: Issued, purpose: x509.ObjectIdentifier) -> None:
    with Backend(with_usage(authority, x509.ExtendedKeyUsage([purpose])), authority) as backend:
        answer = call(backend.port)
    assert answer.message == "The back end's certificate could not be verified: it was issued for another purpose than that of a server."


def test_so_is_one_whose_key_may_not_sign(call: Call, authority: Issued) -> None:
    with Backend(with_usage(authority, usage_without_signatures()), authority) as backend:
        assert call(backend.port).headers[FAILURE_HEADER] == Failure.WRONG_PURPOSE


# --- the handshake -----------------------------------------------------------------------------------------------------

REFUSALS_OF_THE_CERTIFICATE = {42: "bad", 43: "unsupported", 44: "revoked", 45: "expired", 46: "unknown", 48: "unknown CA", 49: "access"}
NO_COMMON_PARAMETERS = {40: "handshake failure", 70: "protocol version", 71: "insufficient security", 86: "fallback", 120: "ALPN"}
OTHER_ALERTS = {10: "unexpected message", 20: "bad record", 47: "illegal parameter", 50: "decode", 51: "decrypt", 80: "internal error"}


@pytest.mark.parametrize("code", REFUSALS_OF_THE_CERTIFICATE, ids=list(REFUSALS_OF_THE_CERTIFICATE.values()))
def test_an_alert_about_the_certificate_is_a_refusal(call: Call, code: int) -> None:
    with raw_server(alert(code)) as port:
        assert call(port).message == "The back end refused the client certificate."
        assert call(port, presents=False).headers[FAILURE_HEADER] == Failure.CLIENT_CERTIFICATE_DEMANDED


@pytest.mark.parametrize("code", NO_COMMON_PARAMETERS, ids=list(NO_COMMON_PARAMETERS.values()))
def test_an_alert_about_parameters_is_none(call: Call, code: int) -> None:
    with raw_server(alert(code)) as port:
        assert call(port).headers[FAILURE_HEADER] == Failure.NO_COMMON_TLS


@pytest.mark.parametrize("code", OTHER_ALERTS, ids=list(OTHER_ALERTS.values()))
def test_nor_is_any_other_alert(call: Call, code: int) -> None:
    with raw_server(alert(code)) as port:
        assert call(port).message == "The back end could not be reached: the TLS handshake failed."


def test_a_server_that_does_not_know_its_name_is_told(call: Call) -> None:
    with raw_server(alert(112)) as port:
        assert call(port).message == "The back end does not know the host name it was called by."


@pytest.mark.parametrize("act", [close, reset])
def test_a_handshake_that_is_broken_off_is_told(call: Call, act: Act) -> None:
    with raw_server(act) as port:
        answer = call(port)
    assert answer.headers[FAILURE_HEADER] == Failure.HANDSHAKE_BROKEN_OFF
    assert "handshake" in answer.message


# --- what comes after it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2], ids=["TLS 1.3", "TLS 1.2"])
def test_a_connection_that_had_answered_before_was_not_refused(
    call: Call, server_certificate: Issued, authority: Issued, newest: ssl.TLSVersion
) -> None:
    with Backend(server_certificate, authority, newest) as backend:
        answer = call(backend.port, "/1", "/drop", method="POST")  # which is not tried again over a new one
        assert len({one.connection for one in backend.calls}) == 1
    assert answer.message == "The back end broke the connection off before it answered."


def test_nor_was_one_that_a_call_got_when_it_became_free(
    gateway: Gateway, server_certificate: Issued, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]
) -> None:
    """Callers that are more than there are connections wait for one, which may have been closed after its last answer."""
    number = new_api()
    answers: list[Answer] = []
    with Backend(server_certificate, authority) as backend:
        one = policy(number, f"busy-{number}", port=backend.port, trusted=authority)
        assert not gateway.publish(one, client_certificate)

        def keep_calling() -> None:
            targets = (f"/{one.path}/{'drop' if turn % 3 == 2 else turn}" for turn in range(30))
            answers.extend(gateway.call(target, key=KEY, method="POST") for target in targets)

        with ThreadPoolExecutor(8) as callers:
            for _ in range(8):
                callers.submit(keep_calling)
        gateway.withdraw(one)
        first: dict[int, BackendCall] = {}
        for arrived in backend.calls:
            first.setdefault(arrived.connection, arrived)
    broken = [answer for answer in answers if answer.status != 200]
    fresh = sum(arrived.target == "/drop" for arrived in first.values())  # what broke off on a connection of its own, which tells nothing
    assert len(broken) == 80
    assert sum(answer.headers[FAILURE_HEADER] == Failure.MAYBE_REFUSED for answer in broken) <= fresh


def test_under_tls_1_2_a_refusal_has_its_alert_so_that_whatever_breaks_off_is_none(
    call: Call, server_certificate: Issued, authority: Issued
) -> None:
    with Backend(server_certificate, authority, ssl.TLSVersion.TLSv1_2) as backend:
        assert call(backend.port, "/drop").headers[FAILURE_HEADER] == Failure.DROPPED


@pytest.mark.parametrize("act", [close, reset])
def test_without_tls_there_is_no_certificate_to_refuse(call: Call, act: Act) -> None:
    with raw_server(act) as port:
        assert call(port, presents=False, scheme="http").headers[FAILURE_HEADER] == Failure.DROPPED


def test_more_than_100_headers_are_told(call: Call) -> None:
    with raw_server(answer_with(98)) as port:
        assert call(port, presents=False, scheme="http").status == 200
    with raw_server(answer_with(101)) as port:
        assert "more than 100 headers" in call(port, presents=False, scheme="http").message


# --- one decision for answers and pages --------------------------------------------------------------------------------


def test_the_log_has_the_kind_that_the_answer_has(gateway: Gateway, call: Call) -> None:
    with raw_server(alert(48)) as port:
        answer = call(port)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        for entry in gateway.feed.failed_calls:
            if entry.response.response_headers["x-activity-id"] == answer.headers["x-activity-id"]:
                noted = failed_call(entry, gateway="gateway-1")
                assert noted is not None
                assert noted.kind == answer.headers[FAILURE_HEADER] == FailureKind.CLIENT_CERTIFICATE_REFUSED
                return
        time.sleep(0.02)
    raise AssertionError("The failed call is not in the log.")


def test_every_kind_is_known_to_pages() -> None:
    assert set(FailureKind.values) == {kind.value for kind in Failure}
    assert {one.kind for one in FAILURES} == set(Failure)
