"""What a gateway was enrolled with, and its renewal. [pure]

Somebody unpacks three files: certificate, private key, authority; where they lie need not be writable. A renewed certificate and its key
are one file of our own, so that the two never disagree. Whichever certificate was issued last counts: who enrols the gateway again need not
take the other one away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from portal import private_files

CERTIFICATE_FILE, PRIVATE_KEY_FILE, AUTHORITY_FILE = "certificate.pem", "private-key.pem", "authority.pem"
FILES = (CERTIFICATE_FILE, PRIVATE_KEY_FILE, AUTHORITY_FILE)
RENEWED_FILE = "renewed.pem"  # private key and certificate
_RENEW_AFTER = 2 / 3  # of its life: of two years, eight months are left for a control plane to be there


class NotEnrolled(Exception):
    """There is nothing that this gateway could prove itself with; the message is a sentence for whoever runs it."""


class BadRenewal(Exception):
    """A control plane has answered with something else than our certificate, renewed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its key, PEM, and the authority that has issued it."""

    certificate: bytes
    private_key: bytes = field(repr=False)
    authority: bytes

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate, read."""
        return x509.load_pem_x509_certificate(self.certificate)

    def is_due(self, now: datetime) -> bool:
        """Return whether it is time to renew it."""
        leaf = self.leaf
        return now >= leaf.not_valid_before_utc + _RENEW_AFTER * (leaf.not_valid_after_utc - leaf.not_valid_before_utc)

    def has_ended(self, now: datetime) -> bool:
        """Return whether no control plane takes it any more."""
        return now >= self.leaf.not_valid_after_utc


def read(folder: Path, renewals: Path) -> Identity:
    """Return what the files in *folder* hold, or what was renewed since, in the folder *renewals*.

    :raises NotEnrolled: if one of them is missing, or cannot be read
    """
    try:
        authority = (folder / AUTHORITY_FILE).read_bytes()
        enrolled = Identity((folder / CERTIFICATE_FILE).read_bytes(), (folder / PRIVATE_KEY_FILE).read_bytes(), authority)
        both = renewed.read_bytes() if (renewed := renewals / RENEWED_FILE).exists() else b""
        candidates = [enrolled, Identity(both, both, authority)] if both else [enrolled]
        return max(candidates, key=lambda one: one.leaf.not_valid_before_utc)
    except OSError as error:
        raise NotEnrolled(
            f"{error.filename} cannot be read ({error.strerror}); unpack there what the gateway was enrolled with."
        ) from error
    except ValueError as error:
        raise NotEnrolled(f"A file in {folder} holds no certificate; unpack there what the gateway was enrolled with.") from error


def request_for(identity: Identity) -> tuple[bytes, bytes]:
    """Return a new private key and a request for a certificate for it, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(identity.leaf.subject).sign(key, hashes.SHA256())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), request.public_bytes(Encoding.PEM)


def store_renewed(renewals: Path, identity: Identity, private_key: bytes, answer: bytes) -> datetime:
    """Write the *answer* to a request down in the folder *renewals*, with its key; return until when it is valid.

    :raises BadRenewal: if it is not for that key, or of another authority
    """
    try:
        leaf = x509.load_pem_x509_certificates(answer)[0]
        key = serialization.load_pem_private_key(private_key, None)
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(identity.authority))
    except (ValueError, TypeError, IndexError, InvalidSignature) as error:
        raise BadRenewal("The certificate that came is of another authority, or is none.") from error
    if leaf.public_key() != key.public_key():
        raise BadRenewal("The certificate that came is for another key.")
    renewals.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_files.write(renewals / RENEWED_FILE, private_key + leaf.public_bytes(Encoding.PEM))
    return leaf.not_valid_after_utc
