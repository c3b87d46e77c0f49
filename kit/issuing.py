"""Issuing of throwaway authorities, certificates and PFX files. [pure]"""

from __future__ import annotations

import functools
import ipaddress
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
        """The certificate, DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        """The certificate, PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def chain_pem(self) -> str:
        """The certificates above it, PEM."""
        return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in self.chain)

    @property
    def key_der(self) -> bytes:
        """The private key, PKCS#8 DER."""
        return self.key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    @property
    def key_pem(self) -> str:
        """The private key, PKCS#8 PEM."""
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

    @property
    def thumbprint(self) -> str:
        """The SHA-1 thumbprint, in capitals."""
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


@functools.cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return an RSA key of so many *bits*, the same one each time: to make one takes up to seconds of a processor."""
    return rsa.generate_private_key(65537, bits)


def issue(
    common_name: str = "orders-client",
    *,
    by: Issued | None = None,
    key: PrivateKey | None = None,
    hosts: tuple[str, ...] = (),
    authority: bool = False,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    purpose: x509.ObjectIdentifier | None = None,
    purposes: tuple[x509.ObjectIdentifier, ...] = (),
    organization: str = "Example",
) -> Issued:
    """Return a certificate signed *by* an authority (itself, if none is given).

    :param key: its key; a new one on the curve P-256 if none is given
    :param purpose: the only one that it is good for; without it nothing is said of any
    :param purposes: those that it is good for, if they are several
    """
    purposes = purposes or ((purpose,) if purpose else ())
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization), x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]
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
    if authority or purposes:
        builder = builder.add_extension(_key_usage(authority=authority), critical=True)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
    signer = by.key if by else key
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()
    above = (by.certificate, *by.chain) if by and by.certificate.subject != by.certificate.issuer else ()
    return Issued(certificate=builder.sign(signer, algorithm), key=key, chain=above)


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
