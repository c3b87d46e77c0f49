"""PEM (RFC 7468): certificates and a private key in one text, the key also encrypted. [pure]"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from certificates import ber
from certificates.ber import Malformed
from certificates.pfx import keys
from certificates.pfx.bags import Found
from certificates.pfx.decryption import decrypt
from certificates.pfx.derivation import Spellings
from certificates.pfx.model import MOST_ITERATIONS, Problem, UnreadablePfx
from certificates.pfx.structure import encrypted_in, iterations_of
from certificates.sealing import Secret

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_CIPHER = re.compile(rb"DEK-Info: *([A-Za-z0-9-]+)")
_CIPHERS = (b"AES-128-CBC", b"AES-192-CBC", b"AES-256-CBC", b"DES-EDE3-CBC")
_BUNDLES = ("PKCS7", "CMS", "PKCS #7 SIGNED DATA")
_OPENSSH = "OPENSSH PRIVATE KEY"
_TRADITIONAL = ("RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")


class Block(NamedTuple):
    """One block of a PEM text."""

    label: str
    text: bytes  # from BEGIN to END
    body: bytes

    @property
    def is_key(self) -> bool:
        """Whether it holds a private key."""
        return self.label.endswith("PRIVATE KEY")

    @property
    def der(self) -> bytes:
        """What its base64 stands for.

        :raises UnreadablePfx: if it is none
        """
        try:
            return base64.b64decode(b"".join(self.body.split()), validate=True)
        except binascii.Error:
            raise UnreadablePfx(Problem.DAMAGED) from None


def blocks(text: bytes) -> list[Block]:
    """Return the blocks of a PEM text.

    :raises UnreadablePfx: ``TRUNCATED``, if one has no end
    """
    found = [Block(match[1].decode(), match[0], match[2]) for match in _BLOCK.finditer(text)]
    if len(found) < text.count(b"-----BEGIN "):
        raise UnreadablePfx(Problem.TRUNCATED)
    return found


def open_blocks(found: list[Block], password: Secret) -> Found:
    """Return the keys and certificates in the blocks of a PEM text.

    :raises UnreadablePfx: if an encrypted key does not open, or nothing in the text is of use
    """
    opened = Found()
    for block in found:
        if block.label in _CERTIFICATES:
            opened.certificates.extend(_certificate(block.der))
        elif block.is_key:
            opened.keys.append(_key(block, password, opened))
    if not opened.certificates and any(block.label in _BUNDLES for block in found):
        raise UnreadablePfx(Problem.DER, "bundle")
    if not opened.keys and not opened.certificates:
        raise UnreadablePfx(Problem.PEM, ", ".join(dict.fromkeys(block.label for block in found)))
    return opened


def _certificate(der: bytes) -> Iterator[bytes]:
    """Yield a certificate without what OpenSSL's TRUSTED CERTIFICATE has behind it."""
    try:
        yield ber.sole(der).octets
    except Malformed:
        raise UnreadablePfx(Problem.DAMAGED) from None


def _key(block: Block, password: Secret, opened: Found) -> Secret:
    """Return the PKCS#8 of a private key."""
    if block.label == "PRIVATE KEY":
        return Secret(block.der)
    if block.label == "ENCRYPTED PRIVATE KEY":
        opened.opened += 1
        return _decrypted(block.der, password)
    if block.label == _OPENSSH:
        raise UnreadablePfx(Problem.OPENSSH_KEY)
    if block.label not in _TRADITIONAL:
        raise UnreadablePfx(Problem.UNUSABLE_KEY, block.label.removesuffix(" PRIVATE KEY"))
    if b"ENCRYPTED" in block.body:
        opened.opened += 1
        return _decrypted_traditional(block.text, password)
    if block.label == "RSA PRIVATE KEY":
        return keys.rsa_pkcs8(block.der)
    try:
        return keys.pkcs8_of(load_der_private_key(block.der, None))
    except (ValueError, UnsupportedAlgorithm):
        raise UnreadablePfx(Problem.BROKEN_KEY) from None


def _decrypted(der: bytes, password: Secret) -> Secret:
    """Return what an EncryptedPrivateKeyInfo protects."""
    try:
        info = ber.sole(der)
        if iterations_of(info) > MOST_ITERATIONS:
            raise UnreadablePfx(Problem.TOO_MUCH_WORK)
        opened = decrypt(encrypted_in(info), Spellings.of(password))
    except Malformed:
        raise UnreadablePfx(Problem.DAMAGED) from None
    if opened is None:
        raise UnreadablePfx(Problem.WRONG_PASSWORD if password.value else Problem.PASSWORD_NEEDED)
    return opened


def _decrypted_traditional(text: bytes, password: Secret) -> Secret:
    """Return the key in what OpenSSL wrote before PKCS#8 (``Proc-Type: 4,ENCRYPTED``)."""
    cipher = _CIPHER.search(text)
    if cipher is None or cipher[1] not in _CIPHERS:
        raise UnreadablePfx(Problem.UNKNOWN_PROTECTION, cipher[1].decode() if cipher else "PEM")
    if not password.value:
        raise UnreadablePfx(Problem.PASSWORD_NEEDED)
    try:
        return keys.pkcs8_of(load_pem_private_key(text, password.value))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnreadablePfx(Problem.WRONG_PASSWORD) from None
