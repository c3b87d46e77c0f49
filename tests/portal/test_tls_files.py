"""The files by which the portal itself speaks TLS."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from kit.issuing import Issued, issue
from portal.self_made import self_made
from portal.tls_files import UnusableTls, take

SERVER = issue("portal", by=issue("authority", authority=True), hosts=("localhost",))


def _files(folder: Path, certificate: str, key: str | bytes) -> tuple[Path, Path]:
    paths = folder / "portal.crt", folder / "portal.key"
    paths[0].write_text(certificate)
    paths[1].write_bytes(key if isinstance(key, bytes) else key.encode())
    return paths


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_what_fits_together_is_taken_into_a_private_file(tmp_path: Path, form: PrivateFormat) -> None:
    files = _files(tmp_path, SERVER.pem + SERVER.chain_pem, SERVER.key.private_bytes(Encoding.PEM, form, NoEncryption()))
    into = tmp_path / "both.pem"
    take(*files, into=into)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(into)
    assert stat.S_IMODE(into.stat().st_mode) == 0o600


def _encrypted(issued: Issued) -> bytes:
    return issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))


@pytest.mark.parametrize(
    ("certificate", "key", "reason"),
    [
        (SERVER.pem, issue("other").key_pem, "does not belong"),
        (SERVER.pem, _encrypted(SERVER), "is encrypted"),
        (SERVER.pem, "", "PEM form"),
        ("", SERVER.key_pem, "PEM form"),
        (SERVER.pem[:300], SERVER.key_pem, "PEM form"),
    ],
    ids=["another key", "encrypted", "no key", "no certificate", "half a certificate"],
)
def test_what_no_server_can_use_is_named_and_what_was_there_stays(tmp_path: Path, certificate: str, key: str | bytes, reason: str) -> None:
    into = tmp_path / "both.pem"
    into.write_text("before")
    with pytest.raises(UnusableTls, match=reason):
        take(*_files(tmp_path, certificate, key), into=into)
    assert into.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["both.pem", "portal.crt", "portal.key"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableTls, match=r"portal\.crt cannot be read"):
        take(tmp_path / "portal.crt", tmp_path / "portal.key", into=tmp_path / "both.pem")


def test_one_of_its_own_making_is_for_the_names_and_addresses_it_was_asked_for() -> None:
    certificate, key = self_made(["portal.example.com", "127.0.0.1", "[::1]", ".example.org"], now=datetime.now(UTC))
    names = x509.load_pem_x509_certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["portal.example.com", "*.example.org"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert b"BEGIN PRIVATE KEY" in key
