"""The demonstration's certificate authority, its back end's certificate and the client certificate to upload. [pure]

Everything lies in one folder: the authority and the client certificate are made once, the back end's certificate at each start.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from certificates.sealing import Secret

_VALID_FOR = timedelta(days=365)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def prepare(folder: Folder, *, host: str, password: Secret) -> None:
    """Make what is missing in *folder*, and the certificate of a back end that is called by the name *host*.

    :param password: protects the client certificate if it is made now
    """
    folder.path.mkdir(mode=0o700, exist_ok=True)
    authority = _stored_authority(folder) or _make_authority_and_client(folder, password)
    hosts = dict.fromkeys((*_FOUND_BY_BACKEND, host))
    names = x509.SubjectAlternativeName([_general_name(name) for name in hosts])
    backend = _issue("demo-backend", by=authority, purpose=ExtendedKeyUsageOID.SERVER_AUTH, names=names)
    _write(folder.backend, backend.certificate_pem() + backend.key_pem())


def _stored_authority(folder: Folder) -> _Issued | None:
    """Return the authority of an earlier start, unless it expires soon or a file is missing."""
    if not (folder.authority.exists() and folder.authority_key.exists() and folder.client.exists() and folder.client_password.exists()):
        return None
    certificate = x509.load_pem_x509_certificate(folder.authority.read_bytes())
    key = serialization.load_pem_private_key(folder.authority_key.read_bytes(), password=None)
    if certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(days=1) or not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    return _Issued(certificate=certificate, key=key)


def _make_authority_and_client(folder: Folder, password: Secret) -> _Issued:
    authority = _issue("Demonstration CA")
    client = _issue("demo-client", by=authority, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    encryption = serialization.BestAvailableEncryption(password.value)
    pfx = pkcs12.serialize_key_and_certificates(b"demo-client", client.key, client.certificate, [authority.certificate], encryption)
    _write(folder.authority_key, authority.key_pem())
    _write(folder.authority, authority.certificate_pem())
    _write(folder.client_password, password.value)
    _write(folder.client, pfx)
    return authority


def _issue(
    common_name: str,
    *,
    by: _Issued | None = None,
    purpose: x509.ObjectIdentifier | None = None,
    names: x509.SubjectAlternativeName | None = None,
) -> _Issued:
    """Return a new certificate; without *by* it is an authority that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Demonstration"), x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]
    )
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(by.certificate.not_valid_after_utc if by else now + _VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    signer = by.key if by else key
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    builder = builder.add_extension(_key_usage(authority=by is None), critical=True)
    if purpose:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if names:
        builder = builder.add_extension(names, critical=False)
    return _Issued(certificate=builder.sign(signer, hashes.SHA256()), key=key)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
