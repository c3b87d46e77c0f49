"""A switch that goes in steps, through a real gateway: what back ends refuse is put back by itself, and unseen by who was not first."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Credentials, KeyKind
from apis.policy.failure import OF_THE_CLIENT_CERTIFICATE
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from certificates.rollout import actions
from certificates.rollout.models import Probation
from certificates.rollout.steps import Steps
from kit.issuing import Issued, issue
from portal.activity import last_line
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_certificate, make_subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


@pytest.fixture
def key(plant: Plant) -> str:
    """Return a key that opens all APIs."""
    return api_actions.show_keys(make_subscription(), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()


def _present(entry: ClientCertificate, name: str, port: int, authority: Issued) -> Api:
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry, trusted_ca=authority.pem)
    return api_actions.secure_api(make_api(name, service_url=f"https://localhost:{port}"), chosen, by=None, now=timezone.now())


def _give_to_canary(entry: ClientCertificate, issued: Issued) -> None:
    candidate = actions.propose(entry, issued.as_pfx(), by=None, now=timezone.now())
    actions.switch(candidate, by=None, now=timezone.now(), in_steps=Steps("orders", 60))


def _put_back() -> Probation | None:
    return Probation.objects.filter(outcome=Probation.Outcome.PUT_BACK).first()


@contextlib.contextmanager
def _answering_495_to(refused: Issued, server: Issued, authority: Issued, folder: Path) -> Iterator[int]:
    """Run a server that takes every certificate in the handshake, and refuses one in its answers; yield its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            assert isinstance(self.connection, ssl.SSLSocket)
            self.send_response(495 if self.connection.getpeercert(binary_form=True) == refused.der else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *said: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem = folder / "server.pem"
    pem.write_text(server.pem + server.key_pem)
    context.load_cert_chain(pem)
    context.load_verify_locations(cadata=authority.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_address[1]
        running.shutdown()


def test_a_canary_that_is_refused_goes_back_by_itself_and_no_other_api_has_presented_the_version(
    plant: Plant, backend: Backend, server_certificate: Issued, authority: Issued, client_certificate: Issued, key: str
) -> None:
    entry = make_certificate(issued=client_certificate)
    strange = issue("orders-client", by=issue("Strangers", authority=True))
    with Backend(server_certificate, authority) as others:
        _present(entry, "orders", backend.port, authority)
        _present(entry, "invoices", others.port, authority)
        eventually(lambda: plant.call("/orders/1", key=key).status == plant.call("/invoices/1", key=key).status == 200)
        with plant.callers("/invoices/1", key=key, number=1) as traffic:
            _give_to_canary(entry, strange)
            line = last_line()
            eventually(lambda: plant.applied(line))
            assert plant.call("/orders/1", key=key).status == 502
            eventually(lambda: plant.call("/orders/1", key=key).status and _put_back())
            eventually(lambda: plant.call("/orders/1", key=key).status == 200)
        assert {status for _, status, _ in traffic.calls} == {200}
        assert {call.thumbprint for call in others.calls} == {client_certificate.thumbprint}
    assert backend.calls[-1].thumbprint == client_certificate.thumbprint
    probation = _put_back()
    assert probation
    (seen,) = probation.seen
    assert (seen["api"], seen["before"]["refused"]) == ("orders", 0)
    assert seen["now"]["refused"] >= 3
    assert seen["kind"] in OF_THE_CLIENT_CERTIFICATE


def test_a_switch_of_all_goes_back_where_a_back_end_refuses_in_its_answers_also_after_a_restart(
    plant: Plant, server_certificate: Issued, authority: Issued, client_certificate: Issued, key: str, tmp_path: Path
) -> None:
    entry = make_certificate(issued=client_certificate)
    renewed = issue("orders-client", by=authority)
    with _answering_495_to(renewed, server_certificate, authority, tmp_path) as port:
        _present(entry, "orders", port, authority)
        eventually(lambda: plant.call("/orders/1", key=key).status == 200)
        certificate_actions.replace(entry, renewed.as_pfx(), by=None, now=timezone.now())
        eventually(lambda: plant.call("/orders/1", key=key).status == 495)
        plant.end("xds")
        plant.start("xds")
        eventually(lambda: plant.call("/orders/1", key=key).status and _put_back())
        eventually(lambda: plant.call("/orders/1", key=key).status == 200)


def test_a_canary_that_is_taken_is_followed_by_all(
    plant: Plant, backend: Backend, authority: Issued, client_certificate: Issued, key: str
) -> None:
    entry = make_certificate(issued=client_certificate)
    renewed = issue("orders-client", by=authority)
    for name in ("orders", "invoices"):
        _present(entry, name, backend.port, authority)
    eventually(lambda: plant.call("/orders/1", key=key).status == plant.call("/invoices/1", key=key).status == 200)
    _give_to_canary(entry, renewed)
    eventually(lambda: plant.call("/orders/1", key=key).json["thumbprint"] == renewed.thumbprint)
    assert plant.call("/invoices/1", key=key).json["thumbprint"] == client_certificate.thumbprint
    Probation.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    eventually(lambda: plant.call("/invoices/1", key=key).json["thumbprint"] == renewed.thumbprint)
    assert plant.call("/orders/1", key=key).json["thumbprint"] == renewed.thumbprint
