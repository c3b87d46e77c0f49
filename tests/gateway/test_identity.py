"""What a gateway was enrolled with: found, renewed in time, never half replaced."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from django.utils import timezone

from gateway import actions
from gateway.agent import identity
from gateway.agent.chosen import Chosen, Place
from gateway.agent.renewing import Renewed, Renewing
from gateway.compile import GatewayListener
from gateway.control.enrolment import issue_for_server, reached_at, server_names
from gateway.streams.wire import RENEW
from kit.issuing import Issued, issue
from tests.gateway.plant import Plant, eventually

_HERE = GatewayListener(host="127.0.0.1", port=1)


def _unpack(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.fixture
def folder(tmp_path: Path, db: None) -> Path:
    """Return the folder of a gateway whose certificate is due to be renewed."""
    long_ago = timezone.now() - timedelta(days=600)
    _unpack(tmp_path / "identity", actions.enrol("gateway-2", by=None, now=long_ago).files)
    return tmp_path / "identity"


def test_it_is_due_after_two_thirds_of_its_life_and_ends_with_it(folder: Path) -> None:
    own = identity.read(folder, folder)
    begins, ends = own.leaf.not_valid_before_utc, own.leaf.not_valid_after_utc
    assert not own.is_due(begins + 0.66 * (ends - begins))
    assert own.is_due(begins + 0.67 * (ends - begins))
    assert not own.has_ended(ends - timedelta(seconds=1))
    assert own.has_ended(ends)


def _signed(request: bytes, *, by: Issued) -> bytes:
    """Return the certificate that *by* issues for a request."""
    asked = x509.load_pem_x509_csr(request)
    assert asked.is_signature_valid
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(by.certificate.subject)
        .public_key(asked.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=730))
        .sign(by.key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


class _ControlPlane:
    """A gRPC server that renews, as long as it is asked by somebody who may ask."""

    def __init__(self, authority: Issued) -> None:
        self.authority = authority
        self.asked = 0

    async def renew(self, request: bytes, _context: Any) -> bytes:
        self.asked += 1
        return _signed(request, by=self.authority) + self.authority.pem.encode()


async def _ask(folder: Path, answers: _ControlPlane, *, renewals: Path | None = None) -> None:
    server = grpc.aio.server()
    service, method = RENEW.strip("/").split("/")
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, {method: grpc.unary_unary_rpc_method_handler(answers.renew)})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    chosen = Chosen(
        node="g", envoy="", listener=_HERE, places=(Place(host="h", port=1),), identity=folder, renewals=renewals or folder, keep_hours=0
    )
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await asyncio.wait_for(Renewing(chosen).run(channel), 1)
    finally:
        await server.stop(0)


def _due(folder: Path, authority: Issued) -> None:
    """Put what *authority* has issued long ago into *folder*."""
    now = datetime.now(UTC)
    old = issue("gateway-2", by=authority, not_before=now - timedelta(days=600), not_after=now + timedelta(days=1))
    files = {"certificate.pem": old.pem, "private-key.pem": old.key_pem, "authority.pem": authority.pem}
    _unpack(folder, {name: content.encode() for name, content in files.items()})


def test_one_that_is_due_is_renewed_with_a_key_of_its_own(tmp_path: Path) -> None:
    authority = issue("authority", authority=True)
    _due(folder := tmp_path / "identity", authority)
    before = identity.read(folder, folder)
    with pytest.raises(Renewed, match="valid until"):
        asyncio.run(_ask(folder, _ControlPlane(authority)))
    after = identity.read(folder, folder)
    assert after.leaf.public_key() != before.leaf.public_key()
    assert serialization.load_pem_private_key(after.private_key, None).public_key() == after.leaf.public_key()
    assert not after.is_due(datetime.now(UTC))
    assert (folder / identity.RENEWED_FILE).stat().st_mode & 0o777 == 0o600


def test_a_renewal_needs_no_place_where_the_enrolment_lies(tmp_path: Path) -> None:
    authority = issue("authority", authority=True)
    _due(folder := tmp_path / "mounted", authority)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(Renewed):
        asyncio.run(_ask(folder, _ControlPlane(authority), renewals=(renewals := tmp_path / "home" / "identity")))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert not identity.read(folder, renewals).is_due(datetime.now(UTC))


def test_one_that_is_not_due_is_left_alone(tmp_path: Path) -> None:
    authority = issue("authority", authority=True)
    fresh = issue("gateway-2", by=authority)
    files = {"certificate.pem": fresh.pem, "private-key.pem": fresh.key_pem, "authority.pem": authority.pem}
    _unpack(folder := tmp_path / "identity", {name: content.encode() for name, content in files.items()})
    answers = _ControlPlane(authority)
    with pytest.raises(TimeoutError):
        asyncio.run(_ask(folder, answers))
    assert answers.asked == 0


def test_what_another_authority_answers_is_not_taken(tmp_path: Path) -> None:
    _due(folder := tmp_path / "identity", issue("authority", authority=True))
    with pytest.raises(TimeoutError):
        asyncio.run(_ask(folder, _ControlPlane(issue("another", authority=True))))
    assert not (folder / identity.RENEWED_FILE).exists()


def test_whoever_enrols_a_gateway_again_need_not_take_the_renewed_certificate_away(tmp_path: Path) -> None:
    authority = issue("authority", authority=True)
    _due(folder := tmp_path / "identity", authority)
    with pytest.raises(Renewed):
        asyncio.run(_ask(folder, _ControlPlane(authority)))
    newest = issue("gateway-2", by=authority, not_before=datetime.now(UTC) + timedelta(minutes=1))
    (folder / "certificate.pem").write_text(newest.pem)
    (folder / "private-key.pem").write_text(newest.key_pem)
    assert identity.read(folder, folder).leaf == newest.certificate


@pytest.mark.parametrize("name", ["certificate.pem", "private-key.pem", "authority.pem"])
def test_a_file_that_is_missing_or_no_certificate_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(identity.NotEnrolled, match=name):
        identity.read(folder, folder)
    (folder / "certificate.pem").write_text("nonsense")
    (folder / "private-key.pem").write_text("nonsense")
    (folder / "authority.pem").write_text("nonsense")
    with pytest.raises(identity.NotEnrolled, match="holds no certificate"):
        identity.read(folder, folder)


@pytest.mark.django_db(transaction=True)
def test_a_gateway_whose_certificate_has_ended_says_so_and_what_to_do(tmp_path: Path) -> None:
    plant = Plant()
    try:
        _unpack(plant.home / "gateway-identity", actions.enrol("gateway-2", by=None, now=timezone.now() - timedelta(days=731)).files)
        plant.start("gateway", "run", GATEWAY_XDS_ADDRESS="127.0.0.1:9")
        eventually(lambda: "the gateway's certificate has ended; remove the gateway in the portal" in plant.log_of("gateway"))
    finally:
        plant.end_all()


@pytest.mark.django_db
def test_the_servers_certificate_is_for_all_its_names() -> None:
    issued = issue_for_server("portal.example.com", "192.0.2.7", now=timezone.now())
    names = x509.load_pem_x509_certificate(issued.certificate_pem).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["portal.example.com", "192.0.2.7"]


def test_without_names_it_is_for_the_host_it_listens_on_or_this_machine() -> None:
    assert server_names("192.0.2.7", []) == ("192.0.2.7",)
    assert server_names("192.0.2.7", ["a.example", "b.example"]) == ("a.example", "b.example")
    assert "0.0.0.0" not in server_names("0.0.0.0", [])  # noqa: S104 - no name for anybody
    assert reached_at("[::]:18000", ["portal.example.com"]) == "portal.example.com:18000"
    assert reached_at("[::1]:18000", []) == "[::1]:18000"
