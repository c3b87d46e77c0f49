"""Certificates for gateways on other machines: an authority of our own, and what it issues."""

from __future__ import annotations

import io
import ipaddress
import socket
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import IntegrityError, transaction

from certificates.sealing import Secret
from gateway.models import NodeAuthority

DIRECTORY = "gateway-identity"
CERTIFICATE_FILE, PRIVATE_KEY_FILE, AUTHORITY_FILE = "certificate.pem", "private-key.pem", "authority.pem"
_AUTHORITY_LASTS = timedelta(days=3650)
GATEWAY_LASTS = timedelta(days=730)
_SERVER_LASTS = timedelta(days=90)  # made anew whenever the xDS server starts
_ALL_ADDRESSES = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised here, listened on where the settings say so
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate of our authority with its private key; the key is nowhere else."""

    certificate_pem: bytes
    private_key_pem: Secret
    authority_pem: bytes
    not_after: datetime

    @property
    def files(self) -> dict[str, bytes]:
        """The files that a gateway reads, by name (see :mod:`gateway.agent.envoy`)."""
        return {CERTIFICATE_FILE: self.certificate_pem, PRIVATE_KEY_FILE: self.private_key_pem.value, AUTHORITY_FILE: self.authority_pem}

    def archive(self) -> bytes:
        """Return the files as a tar archive, each readable by its owner only."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name, content in self.files.items():
                member = tarfile.TarInfo(f"{DIRECTORY}/{name}")
                member.size, member.mode = len(content), 0o600
                archive.addfile(member, io.BytesIO(content))
        return stream.getvalue()

    @property
    def fingerprint(self) -> str:
        """What the certificate is recognised by."""
        return fingerprint_of(self.certificate_pem)


def fingerprint_of(certificate_pem: bytes) -> str:
    """Return the SHA-256 of a PEM certificate, 64 upper-case hex digits."""
    return x509.load_pem_x509_certificate(certificate_pem).fingerprint(hashes.SHA256()).hex().upper()


def issue_for_gateway(name: str, *, now: datetime) -> Issued:
    """Return a new certificate for the gateway *name*."""
    return _issue(name, x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH, [], now + GATEWAY_LASTS, now=now)


def issue_for_server(*names: str, now: datetime) -> Issued:
    """Return a new certificate for the xDS server that gateways reach under any of *names*, host names or addresses."""
    return _issue("xds", x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, [_general_name(name) for name in names], now + _SERVER_LASTS, now=now)


def server_names(listens_on: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return under which names gateways reach the xDS server.

    :param listens_on: the host of the address that it listens on
    :param names: what the settings say; without any it is that host, or where it listens on all addresses, this machine's name
    """
    if names:
        return tuple(names)
    return (listens_on,) if listens_on not in _ALL_ADDRESSES else tuple(dict.fromkeys((socket.gethostname(), socket.getfqdn())))


def reached_at(address: str, names: Sequence[str]) -> str:
    """Return where gateways reach the xDS server that listens on *address*: ``host:port``, under the first of its names."""
    host, _, port = address.rpartition(":")
    name = server_names(host.strip("[]"), names)[0]
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _issue(common_name: str, usage: x509.ObjectIdentifier, names: list[x509.GeneralName], until: datetime, *, now: datetime) -> Issued:
    authority = _authority(now=now)
    issuer = x509.load_der_x509_certificate(bytes(authority.certificate))
    signer = serialization.load_der_private_key(authority.unseal().value, None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError("The gateway authority has a key of another kind.")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(common_name, issuer.subject, key.public_key(), now, min(until, issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(signer, hashes.SHA256())
    return Issued(
        certificate_pem=certificate.public_bytes(Encoding.PEM),
        private_key_pem=Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
        authority_pem=issuer.public_bytes(Encoding.PEM),
        not_after=certificate.not_valid_after_utc,
    )


def _authority(*, now: datetime) -> NodeAuthority:
    """Return the authority; the first who needs it makes it."""
    if there_is := NodeAuthority.objects.first():
        return there_is
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Publisher portal gateways")])
    certificate = (
        _builder("Publisher portal gateways", name, key.public_key(), now, now + _AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    authority = NodeAuthority(certificate=certificate.public_bytes(Encoding.DER), created_at=now)
    authority.seal(Secret(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())))
    try:
        with transaction.atomic():
            authority.save()
    except IntegrityError:  # somebody else was first
        return NodeAuthority.objects.get()
    return authority


def _builder(
    common_name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name[:64])])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _CLOCKS_DIFFER)
        .not_valid_after(until.astimezone(UTC))
    )
