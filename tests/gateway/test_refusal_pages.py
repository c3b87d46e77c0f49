"""A back end that refuses the certificate by an answer: servers that do so, and answers that only look like it."""

from __future__ import annotations

import contextlib
import functools
import http.server
import shutil
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apis.policy.failure import FAILURE_HEADER, Failure
from apis.policy.refusal_pages import REFUSAL_PAGES, refuses_certificate
from gateway.compile import cluster_name
from gateway.seeing.failures import failed_call
from gateway.seeing.outcomes import Outcome, tally
from gateway.seeing.readings import COUNTERS, counters_of
from kit.issuing import Issued, issue
from kit.ports import free_ports
from tests.gateway.backends import wait_for
from tests.gateway.gateways import KEY, Answer, Gateway, policy
from tests.gateway.plant import eventually

_IIS = "<h3>HTTP Error 403.{0} - Forbidden</h3><h4>The page you are attempting to access requires your browser to have a {1}.</h4>"
PAGES = [
    (495, "", True),
    (496, "<h1>anything</h1>", True),
    (400, "<center><h1>400 Bad Request</h1></center><center>The SSL certificate error</center>", True),
    (400, "<center>No required SSL certificate was sent</center>", True),
    (403, _IIS.format(7, "client certificate"), True),
    (403, _IIS.format(16, "certificate that is trusted"), True),
    (403, _IIS.format(17, "certificate that is valid"), True),
    (403, "Reason: Cannot perform Post-Handshake Authentication.", True),
    (403, "You may not see this order.", False),
    (400, "The field sslCertificate is missing.", False),
    (404, "No required SSL certificate was sent", False),
    (200, "The SSL certificate error", False),
]


@contextlib.contextmanager
def answering(status: int, page: str, certificate: Issued | None = None) -> Iterator[int]:
    """Run a server that always answers so, by TLS with this certificate; yield its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = page.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Set-Cookie", "a=1; Path=/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the overridden method's own name
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if certificate:
            server.socket = _tls(certificate).wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _tls(certificate: Issued) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(certificate.key_pem + certificate.pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def outcomes_of(gateway: Gateway, api: int, thumbprint: str = "") -> dict[Outcome, int]:
    """Return how the calls of an API have ended, as the gateway's counters tell."""
    counters = counters_of(gateway.admin(COUNTERS)).get(cluster_name(api), {})
    found = tally(cluster_name(api), counters, presented=thumbprint)[""].outcomes[thumbprint]
    return {outcome: number for outcome, number in found.items() if number}


def noted(gateway: Gateway, answer: Answer) -> bool:
    """Return whether the log of failed calls tells of the call that got *answer*, by the kind that its caller was told."""
    for entry in gateway.feed.failed_calls:
        call = failed_call(entry, gateway="gateway-1")
        if call and call.activity_id == answer.headers.get("x-activity-id"):
            return call.kind == answer.headers[FAILURE_HEADER] and call.status == answer.status
    return False


@pytest.mark.parametrize(("status", "page", "refuses"), PAGES)
def test_a_page_that_refuses_the_certificate_is_told_from_any_other(
    gateway: Gateway, new_api: Callable[[], int], status: int, page: str, *, refuses: bool
) -> None:
    assert refuses_certificate(status, page) == refuses
    number = new_api()
    with answering(status, page) as port:
        one = policy(number, f"page-{number}", port=port, scheme="http", presents=False)
        assert not gateway.publish(one)
        answers = [gateway.call(f"/page-{number}/x", key=KEY) for _ in range(3)]
        gateway.withdraw(one)
    assert {(answer.status, answer.body.decode()) for answer in answers} == {(status, page)}  # it passes as it is
    assert all(answer.headers["set-cookie"] for answer in answers)
    found = outcomes_of(gateway, number)
    if refuses:
        assert found == {Outcome.REFUSED_CERTIFICATE: 3}
        assert {answer.headers[FAILURE_HEADER] for answer in answers} == {Failure.CLIENT_CERTIFICATE_DEMANDED}  # it presents none
        assert len({answer.headers["x-activity-id"] for answer in answers}) == 3
        for answer in answers:
            eventually(functools.partial(noted, gateway, answer))
    else:
        assert found == {Outcome(f"{status // 100}xx"): 3}
        assert not any("x-activity-id" in answer.headers for answer in answers)


def test_every_row_of_the_table_is_found_by_the_gateway(gateway: Gateway, new_api: Callable[[], int]) -> None:
    for row in REFUSAL_PAGES:
        number = new_api()
        with answering(row.status, f"<p>{row.words.upper()}</p>") as port:
            one = policy(number, f"row-{number}", port=port, scheme="http", presents=False)
            assert not gateway.publish(one)
            assert gateway.call(f"/row-{number}/x", key=KEY).headers.get(FAILURE_HEADER) == Failure.CLIENT_CERTIFICATE_DEMANDED, row
            gateway.withdraw(one)


@pytest.mark.parametrize(("status", "page"), [PAGES[place][:2] for place in (3, 4, 7)], ids=["nginx", "IIS", "Apache"])
def test_a_refusal_by_a_page_counts_for_the_certificate_that_met_it(
    gateway: Gateway,
    new_api: Callable[[], int],
    server_certificate: Issued,
    authority: Issued,
    client_certificate: Issued,
    status: int,
    page: str,
) -> None:
    number, following = new_api(), issue("next-client", by=authority)
    with answering(status, page, server_certificate) as port:
        one = policy(number, f"met-{number}", port=port, trusted=authority)
        for certificate, calls in ((client_certificate, 2), (following, 3)):
            assert not gateway.publish(one, certificate)
            answers = [gateway.call(f"/met-{number}/x", key=KEY) for _ in range(calls)]
        gateway.withdraw(one)
    assert {answer.headers[FAILURE_HEADER] for answer in answers} == {Failure.CLIENT_CERTIFICATE_REFUSED}
    assert outcomes_of(gateway, number, client_certificate.thumbprint)[Outcome.REFUSED_CERTIFICATE] == 2
    assert outcomes_of(gateway, number, following.thumbprint)[Outcome.REFUSED_CERTIFICATE] == 3


_NGINX = """daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port} ssl {http2}; ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
ssl_client_certificate {folder}/ca.pem; ssl_verify_client on; location / {{ return 200 "in"; }} }} }}"""


@pytest.mark.parametrize("http2", ["", "http2"], ids=["http1", "http2"])
def test_nginx_refuses_and_the_certificate_that_met_it_is_known(
    gateway: Gateway,
    new_api: Callable[[], int],
    server_certificate: Issued,
    authority: Issued,
    client_certificate: Issued,
    tmp_path: Path,
    http2: str,
) -> None:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    assert nginx, "This test needs Debian's package nginx."
    (port,) = free_ports(1)
    (tmp_path / "server.pem").write_text(server_certificate.pem)
    (tmp_path / "server.key").write_text(server_certificate.key_pem)
    (tmp_path / "ca.pem").write_text(authority.pem)
    (tmp_path / "nginx.conf").write_text(_NGINX.format(folder=tmp_path, port=port, http2=http2))
    server = subprocess.Popen([nginx, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")])
    strangers = issue("stranger")
    try:
        wait_for(port)
        number = new_api()
        one = policy(number, f"nginx-{number}", port=port, trusted=authority)
        for certificate, calls in ((client_certificate, 2), (strangers, 3)):
            assert not gateway.publish(one, certificate)
            answers = [gateway.call(f"/nginx-{number}/", key=KEY) for _ in range(calls)]
        assert {(answer.status, answer.headers[FAILURE_HEADER]) for answer in answers} == {(400, Failure.CLIENT_CERTIFICATE_REFUSED)}
        assert outcomes_of(gateway, number, strangers.thumbprint)[Outcome.REFUSED_CERTIFICATE] == 3
        assert Outcome.REFUSED_CERTIFICATE not in outcomes_of(gateway, number, client_certificate.thumbprint)
        gateway.withdraw(one)
        without = policy(number, f"nginx-{number}", port=port, trusted=authority, presents=False)
        assert not gateway.publish(without)
        assert gateway.call(f"/nginx-{number}/", key=KEY).headers[FAILURE_HEADER] == Failure.CLIENT_CERTIFICATE_DEMANDED
        gateway.withdraw(without)
    finally:
        server.terminate()
        server.wait()
