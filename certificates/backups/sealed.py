"""Sealing what a backup holds in keys, to a passphrase or to somebody's public key. [pure]"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.x509 import load_pem_x509_certificate

from certificates.sealing import Secret

_CONTEXT = b"portal backup 1"
_SCRYPT_N = 2**17  # 128 MiB and a third of a second (RFC 7914; OWASP's figure)
_KEY_BYTES, _NONCE_BYTES = 32, 12
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
LEAST_PASSPHRASE = 8  # characters
Parts = dict[str, str]  # base64, by name
KeyOf = Callable[[Parts], bytes]  # the data key, from what stands beside the sealed bytes


class CannotSeal(Exception):
    """The passphrase or the public key is none that can be sealed to."""


class DoesNotOpen(Exception):
    """The keys of a backup do not open; the message says why."""


def for_passphrase(passphrase: Secret) -> tuple[bytes, Parts]:
    """Return a data key made of *passphrase*, and what it takes to make it again.

    :raises CannotSeal: if it is too short
    """
    if len(passphrase.value.decode(errors="replace")) < LEAST_PASSPHRASE:
        raise CannotSeal(f"The passphrase has fewer than {LEAST_PASSPHRASE} characters.")
    salt = os.urandom(16)
    return _stretched(passphrase, salt), {"for": "passphrase", "salt": _text(salt)}


def for_public_key(pem: bytes) -> tuple[bytes, Parts]:
    """Return a random data key, and what gives it to who has the private key of *pem* (a public key or a certificate; RSA or EC).

    :raises CannotSeal: if it is neither
    """
    key = _public_key(pem)
    if isinstance(key, rsa.RSAPublicKey):
        data_key = os.urandom(_KEY_BYTES)
        return data_key, {"for": "rsa", "wrapped": _text(key.encrypt(data_key, _OAEP))}
    once = ec.generate_private_key(key.curve)
    shared = once.exchange(ec.ECDH(), key)
    public = once.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return _derived(shared), {"for": "ec", "point": _text(public)}


def seal(content: Secret, data_key: bytes, parts: Parts) -> bytes:
    """Return *content* sealed under *data_key*, beside the *parts* that lead to it."""
    nonce = os.urandom(_NONCE_BYTES)
    return json.dumps(parts | {"sealed": _text(nonce + AESGCM(data_key).encrypt(nonce, content.value, _CONTEXT))}).encode()


def with_passphrase(passphrase: Secret) -> KeyOf:
    """Return how a passphrase leads to the data key."""

    def key_of(parts: Parts) -> bytes:
        _require(parts, "passphrase")
        return _stretched(passphrase, _bytes(parts["salt"]))

    return key_of


def with_private_key(pem: Secret) -> KeyOf:
    """Return how a private key (PEM, not encrypted) leads to the data key."""

    def key_of(parts: Parts) -> bytes:
        try:
            key = serialization.load_pem_private_key(pem.value, None)
        except (ValueError, TypeError) as error:
            raise DoesNotOpen("The private key cannot be read: it must be PEM, and not encrypted.") from error
        if isinstance(key, rsa.RSAPrivateKey):
            _require(parts, "rsa")
            return key.decrypt(_bytes(parts["wrapped"]), _OAEP)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            _require(parts, "ec")
            point = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, _bytes(parts["point"]))
            return _derived(key.exchange(ec.ECDH(), point))
        raise DoesNotOpen("The private key is of another kind than RSA or EC.")

    return key_of


def unseal(sealed: bytes, key_of: KeyOf) -> Secret:
    """Return what was sealed.

    :raises DoesNotOpen: if *key_of* does not lead to its key, or it is damaged
    """
    try:
        parts: Parts = json.loads(sealed)
        content = _bytes(parts["sealed"])
        return Secret(AESGCM(key_of(parts)).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], _CONTEXT))
    except (InvalidTag, ValueError, KeyError, TypeError) as error:
        raise DoesNotOpen(
            "The keys in the backup do not open: the passphrase or the private key is wrong, or the file is damaged."
        ) from error


def _require(parts: Parts, kind: str) -> None:
    words = {
        "passphrase": "a passphrase (--passphrase-file)",
        "rsa": "an RSA private key (--private-key)",
        "ec": "an EC private key (--private-key)",
    }
    if parts["for"] != kind:
        raise DoesNotOpen(f"The backup opens with {words.get(parts['for'], 'something newer than this portal')}.")


def _public_key(pem: bytes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    try:
        certificate = b"-----BEGIN CERTIFICATE-----" in pem
        key = load_pem_x509_certificate(pem).public_key() if certificate else serialization.load_pem_public_key(pem)
    except ValueError as error:
        raise CannotSeal("The public key cannot be read: it must be a public key or a certificate in PEM.") from error
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise CannotSeal("The public key is of another kind than RSA or EC.")
    return key


def _stretched(passphrase: Secret, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=_KEY_BYTES, n=_SCRYPT_N, r=8, p=1).derive(passphrase.value)


def _derived(shared: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=_CONTEXT).derive(shared)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
