"""The demonstration's certificate authority, its back end's certificate and the client certificate to upload. [pure]

Everything lies in one folder: the authority and the client certificate are made once, the back end's certificate at each start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from certificates.sealing import Secret
from kit.issuing import Issued, issue

_ORGANIZATION = "Demonstration"
_FOUND_BY_BACKEND = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the demonstration's files lie."""

    path: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate, PEM: what the API trusts, and what the back end asks of its clients."""
        return self.path / "ca.pem"

    @property
    def authority_key(self) -> Path:
        """The authority's private key, PEM."""
        return self.path / "ca-key.pem"

    @property
    def backend(self) -> Path:
        """The back end's certificate and private key, PEM."""
        return self.path / "backend.pem"

    @property
    def client(self) -> Path:
        """The client certificate to upload."""
        return self.path / "demo-client.pfx"

    @property
    def client_password(self) -> Path:
        """The password of :attr:`client`."""
        return self.path / "demo-client-password"

    @property
    def log(self) -> Path:
        """What the back end says of each call."""
        return self.path / "backend.log"


def prepare(folder: Folder, *, host: str, password: Secret) -> None:
    """Make what is missing in *folder*, and the certificate of a back end that is called by the name *host*.

    :param password: protects the client certificate if it is made now
    """
    folder.path.mkdir(mode=0o700, exist_ok=True)
    authority = _stored_authority(folder) or _make_authority_and_client(folder, password)
    hosts = tuple(dict.fromkeys((*_FOUND_BY_BACKEND, host)))
    backend = _issue("demo-backend", by=authority, purpose=ExtendedKeyUsageOID.SERVER_AUTH, hosts=hosts)
    _write(folder.backend, (backend.pem + backend.key_pem).encode())


def _stored_authority(folder: Folder) -> Issued | None:
    """Return the authority of an earlier start, unless it expires soon or a file is missing."""
    if not (folder.authority.exists() and folder.authority_key.exists() and folder.client.exists() and folder.client_password.exists()):
        return None
    certificate = x509.load_pem_x509_certificate(folder.authority.read_bytes())
    key = serialization.load_pem_private_key(folder.authority_key.read_bytes(), password=None)
    if certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(days=1) or not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    return Issued(certificate=certificate, key=key)


def _make_authority_and_client(folder: Folder, password: Secret) -> Issued:
    authority = issue("Demonstration CA", authority=True, organization=_ORGANIZATION)
    client = _issue("demo-client", by=authority, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    with_authority = replace(client, chain=(authority.certificate,))  # as files of most makers have it
    _write(folder.authority_key, authority.key_pem.encode())
    _write(folder.authority, authority.pem.encode())
    _write(folder.client_password, password.value)
    _write(folder.client, with_authority.pfx_file(password.value.decode(), name="demo-client"))
    return authority


def _issue(common_name: str, *, by: Issued, purpose: x509.ObjectIdentifier, hosts: tuple[str, ...] = ()) -> Issued:
    """Return a certificate that is valid as long as its authority."""
    until = by.certificate.not_valid_after_utc
    return issue(common_name, by=by, purpose=purpose, hosts=hosts, organization=_ORGANIZATION, not_after=until)


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
