"""Issuing of throwaway authorities, certificates and PFX files; needs no database and no Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from certificates.pfx.model import Pfx
from certificates.sealing import Secret

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate with its private key, and the certificates above it."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def chain_pem(self) -> str:
        return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in self.chain)

    @property
    def key_der(self) -> bytes:
        return self.key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

    @property
    def thumbprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - the thumbprint's definition

    def as_pfx(self) -> Pfx:
        """Return what opening a PFX file of it gives."""
        above = tuple(one.public_bytes(serialization.Encoding.DER) for one in self.chain)
        return Pfx(certificate=self.der, chain=above, private_key=Secret(self.key_der))

    def pfx_file(self, password: str = "secret", *, name: str = "") -> bytes:
        """Return a .pfx file protected by *password*."""
        encryption: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
        )
        return pkcs12.serialize_key_and_certificates(name.encode() or None, self.key, self.certificate, list(self.chain), encryption)


def issue(
    common_name: str = "orders-client",
    *,
    by: Issued | None = None,
    key: PrivateKey | None = None,
    hosts: tuple[str, ...] = (),
    authority: bool = False,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> Issued:
    """Return a certificate signed *by* an authority (itself, if none is given); P-256 unless *key* says otherwise."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Example"), x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]
    )
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before or now - timedelta(days=1))
        .not_valid_after(not_after or now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if by:
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
    if authority:
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
    signer = by.key if by else key
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()
    above = (by.certificate, *by.chain) if by and by.certificate.subject != by.certificate.issuer else ()
    return Issued(certificate=builder.sign(signer, algorithm), key=key, chain=above)


def _general_name(host: str) -> x509.GeneralName:
    import ipaddress

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def impersonated(issued: Issued, *, signed_by: Issued) -> Issued:
    """Return a certificate that says the same as *issued* for a key of one's own, signed by somebody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    genuine = issued.certificate
    builder = x509.CertificateBuilder(
        genuine.issuer,
        genuine.subject,
        key.public_key(),
        x509.random_serial_number(),
        genuine.not_valid_before_utc,
        genuine.not_valid_after_utc,
        list(genuine.extensions),
    )
    return Issued(certificate=builder.sign(signed_by.key, hashes.SHA256()), key=key)
