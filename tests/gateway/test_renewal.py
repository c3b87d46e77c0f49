"""Certificates of our own: gateways get new ones over the channel they have, and the control plane renews its own while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.test import Client
from django.utils import timezone

from gateway import actions
from gateway.control import network
from gateway.control.enrolment import Issued, fingerprint_of
from gateway.models import Gateway, NodeAuthority
from kit.issuing import rsa_key
from kit.ports import free_ports
from portal.models import Activity, Event
from tests.gateway.peers import Peer
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_gateway

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@pytest.fixture
def served(transactional_db: None) -> Iterator[tuple[Plant, int]]:
    """Return a control plane and the port it serves other machines on."""
    plant = Plant()
    (port,) = free_ports(1)
    plant.environment["PORTAL_XDS_ADDRESS"] = f"127.0.0.1:{port}"
    plant.serve()
    eventually(lambda: "Serving gateways of other machines" in plant.log_of("xds"))
    yield plant, port
    plant.end_all()


def _channel(port: int, certificate_pem: bytes, key_pem: bytes, authority_pem: bytes) -> grpc.Channel:
    return grpc.secure_channel(f"127.0.0.1:{port}", grpc.ssl_channel_credentials(authority_pem, key_pem, certificate_pem))


def _with(issued: Issued, port: int) -> grpc.Channel:
    return _channel(port, issued.certificate_pem, issued.private_key_pem.value, issued.authority_pem)


def _request(key: Key) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "whatever it says")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _renew(channel: grpc.Channel, request: bytes) -> bytes:
    with channel:
        answer: bytes = channel.unary_unary("/portal.Enrolment/Renew", bytes, bytes)(request, timeout=20)
        return answer


def _comes(channel: grpc.Channel) -> bool:
    with Peer(channel, "any name") as peer:
        return peer.is_answered()


def test_a_gateway_gets_a_new_certificate_over_its_own_channel_and_the_old_one_holds_until_then(served: tuple[Plant, int]) -> None:
    _, port = served
    make_api()
    old = actions.enrol("gateway-2", by=None, now=timezone.now())
    eventually(lambda: _comes(_with(old, port)))
    key = ec.generate_private_key(ec.SECP256R1())
    answer = _renew(_with(old, port), _request(key))
    new, authority = x509.load_pem_x509_certificates(answer)
    new.verify_directly_issued_by(authority)
    new_pem = new.public_bytes(Encoding.PEM)
    assert new.public_key() == key.public_key()
    assert new.subject.rfc4514_string() == "CN=gateway-2"
    assert _comes(_with(old, port))
    gateway = Gateway.objects.get(name="gateway-2")
    assert (gateway.fingerprint, gateway.next_fingerprint) == (old.fingerprint, fingerprint_of(new_pem))

    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with contextlib.ExitStack() as peers:

        def comes_renewed() -> Peer | None:
            peer = peers.enter_context(Peer(_channel(port, new_pem, key_pem, old.authority_pem), "gateway-2"))
            return peer if peer.is_answered() else None

        renewed = eventually(comes_renewed)
        eventually(lambda: Gateway.objects.get(name="gateway-2").fingerprint == fingerprint_of(new_pem))
        make_api(name="Second", path="second")
        assert renewed.read().resources, "It goes on with the stream that it has come with."
    eventually(lambda: not _comes(_with(old, port)))
    assert _comes(_channel(port, new_pem, key_pem, old.authority_pem))
    events = set(Activity.objects.filter(subject_name="gateway-2").values_list("event", flat=True))
    assert {Event.GATEWAY_RENEWED, Event.GATEWAY_CERTIFICATE_USED} <= events


@pytest.mark.parametrize(
    ("request_pem", "said"),
    [
        (b"", "no signing request"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "no signing request"),
        (_request(rsa_key()), "P-256 or P-384"),
        (_request(ec.generate_private_key(ec.SECP521R1())), "P-256 or P-384"),
    ],
    ids=["nothing", "nonsense", "RSA", "P-521"],
)
def test_a_request_that_is_none_is_refused_with_the_reason(served: tuple[Plant, int], request_pem: bytes, said: str) -> None:
    plant, port = served
    issued = actions.enrol("gateway-2", by=None, now=timezone.now())
    make_api()
    eventually(lambda: _comes(_with(issued, port)))
    with pytest.raises(grpc.RpcError) as refusal:
        _renew(_with(issued, port), request_pem)
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert said in str(refusal.value.details())
    with pytest.raises(grpc.RpcError) as refusal:
        _renew(grpc.insecure_channel(f"unix:{plant.home}/xds.sock"), request_pem)
    assert refusal.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert Gateway.objects.get(name="gateway-2").next_fingerprint == ""


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return timezone.now() + self.ahead


@contextlib.contextmanager
def _echoing(address: str, clock: Clock) -> Iterator[None]:
    """Serve a stream that sends back what it gets, under the control plane's own certificate."""

    async def echo(messages: AsyncIterator[bytes], _context: object) -> AsyncIterator[bytes]:
        async for message in messages:
            yield message

    async def serve() -> None:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("test.Echo", {"Echo": grpc.stream_stream_rpc_method_handler(echo)}),)
        )
        try:
            await network.listen(server, network.ServerIdentity("127.0.0.1", clock=clock), address)
        finally:
            await server.stop(None)

    loop = asyncio.new_event_loop()
    serving = loop.create_task(serve())
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.gather(serving, return_exceptions=True)))
    thread.start()
    yield
    loop.call_soon_threadsafe(serving.cancel)
    thread.join()
    loop.close()


@pytest.mark.parametrize("jump", [timedelta(days=61), timedelta(days=400), timedelta(days=-400)], ids=str)
def test_the_control_plane_renews_its_certificate_and_cuts_no_stream(transactional_db: None, tmp_path: Path, jump: timedelta) -> None:
    (port,) = free_ports(1)
    issued, clock = actions.enrol("gateway-2", by=None, now=timezone.now()), Clock()
    messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    with _echoing(f"127.0.0.1:{port}", clock), _with(issued, port) as channel:
        stream = channel.stream_stream("/test.Echo/Echo", bytes, bytes)(iter(messages.get, None), wait_for_ready=True)
        messages.put(b"before")
        assert next(iter(stream)) == b"before"
        before = _shown(port, issued, tmp_path)
        assert _shown(port, issued, tmp_path) == before
        clock.ahead = jump
        eventually(lambda: _shown(port, issued, tmp_path) != before)
        renewed = _shown(port, issued, tmp_path)
        assert renewed.not_valid_before_utc <= clock() < renewed.not_valid_after_utc - timedelta(days=60)
        messages.put(b"after")
        assert next(iter(stream)) == b"after"
        messages.put(None)


def test_a_control_plane_that_cannot_renew_its_certificate_is_told_of_long_before_it_ends(transactional_db: None) -> None:
    clock = Clock()
    identity = network.ServerIdentity("xds.example.com", clock=clock)
    assert identity.failing() == []
    assert asyncio.run(identity.renew())
    clock.ahead = timedelta(days=74)
    assert identity.failing() == []
    NodeAuthority.objects.update(ring_key="gone")
    clock.ahead = timedelta(days=76)
    assert not asyncio.run(identity.renew())
    (trouble,) = identity.failing()
    assert (trouble.name, trouble.told_to) == ("xds.example.com", "gateway.change_gateway")
    assert str(trouble.reason) == identity.trouble()


def _shown(port: int, issued: Issued, folder: Path) -> x509.Certificate:
    """Return the certificate that the control plane shows in a handshake."""
    for name, content in issued.files.items():
        (folder / name).write_bytes(content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is valid at the time that it was told
    context.load_cert_chain(folder / "certificate.pem", folder / "private-key.pem")
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as secure:
        der = secure.getpeercert(binary_form=True)
        assert der
        return x509.load_der_x509_certificate(der)


@pytest.mark.parametrize(("days", "warned"), [(300, False), (40, True), (-1, True)])
def test_pages_warn_of_an_enrolment_that_ends(signed_in: Client, days: int, warned: bool) -> None:
    gateway = make_gateway("gateway-2")
    Gateway.objects.filter(pk=gateway.pk).update(fingerprint="AA", enrolled_until=datetime.now(UTC) + timedelta(days=days))
    assert ("Enrolment ends soon" in signed_in.get("/gateways/").content.decode()) is warned
    assert ("Enrolment ends<" in signed_in.get("/").content.decode()) is warned
    Gateway.objects.update(next_enrolled_until=datetime.now(UTC) + timedelta(days=730))
    assert "Enrolment ends<" not in signed_in.get("/").content.decode()
