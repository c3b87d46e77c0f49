"""Sealing of secrets for the database: envelope encryption under a ring of keys that is kept outside it. [pure]

Each secret gets a random data key (AES-256-GCM); the data key is wrapped (AES-256-GCM again) by a key of the ring. Both
steps bind a *context*, the place the secret belongs to, so that a sealed value copied to another row does not open.
Rotation re-wraps the data key only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class SealingError(Exception):
    """A secret cannot be sealed or opened; the message is a sentence for whoever runs the portal."""

    row = ""  # what the secret is, in words, where it is known

    def __str__(self) -> str:
        """Return the sentence, after the words for what it is about."""
        return f"{self.row}: {super().__str__()}" if self.row else super().__str__()


class BadKeyRing(SealingError):
    """The ring of encryption keys is missing or malformed."""


class UnknownRingKey(SealingError):
    """A value was sealed under a key that is not in the ring."""


class Tampered(SealingError):
    """A sealed value is damaged, or belongs to another place."""


class Secret:
    """Bytes that are never printed. Ask for :attr:`value` where they are used."""

    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        """Hold *value*."""
        self.value = value

    def __repr__(self) -> str:
        """Return a placeholder."""
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        """Two secrets are equal if their bytes are."""
        return isinstance(other, Secret) and self.value == other.value

    def __hash__(self) -> int:
        """Return the hash of the bytes."""
        return hash(self.value)

    def __reduce__(self) -> str:
        """Refuse pickling, the way secrets end up in caches and sessions.

        :raises TypeError: always
        """
        reason = "A Secret is not pickled."
        raise TypeError(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What the database holds in place of a secret; worthless without the ring."""

    ring_key: str
    wrapped_key: bytes
    ciphertext: bytes


class KeyRing:
    """The keys that wrap data keys, newest first. New values are sealed under the newest; older keys still open."""

    def __init__(self, keys: list[bytes]) -> None:
        """Make a ring of *keys*, 32 bytes each, newest first.

        :raises BadKeyRing: if there is none, one is not 32 bytes long or one is there twice
        """
        if not keys:
            raise BadKeyRing("The ring of encryption keys is empty.")
        for position, key in enumerate(keys, start=1):
            if len(key) != KEY_BYTES:
                raise BadKeyRing(f"Encryption key {position} has {len(key)} bytes; it must have {KEY_BYTES}.")
        self._keys = {_ring_key(key): AESGCM(key) for key in keys}
        if len(self._keys) != len(keys):
            raise BadKeyRing("An encryption key stands in the ring twice.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the ring written as base64 keys, one a line (or separated by commas), newest first; ``#`` starts a comment.

        :raises BadKeyRing: if a line is not base64 or a key has the wrong length
        """
        lines = [line.partition("#")[0].strip() for line in text.replace(",", "\n").splitlines()]
        try:
            return cls([base64.b64decode(line, validate=True) for line in lines if line])
        except binascii.Error as error:
            raise BadKeyRing("An encryption key is not valid base64.") from error

    @property
    def names(self) -> tuple[str, ...]:
        """The keys' names (not the keys), newest first."""
        return tuple(self._keys)

    def __repr__(self) -> str:
        """Return the names of the keys."""
        return f"KeyRing({', '.join(self._keys)})"

    def seal(self, secret: Secret, *, context: bytes) -> Sealed:
        """Return *secret* sealed under the newest key and bound to *context*."""
        data_key = AESGCM.generate_key(KEY_BYTES * 8)
        newest, wrapper = next(iter(self._keys.items()))
        return Sealed(
            ring_key=newest,
            wrapped_key=_encrypt(wrapper, data_key, context),
            ciphertext=_encrypt(AESGCM(data_key), secret.value, context),
        )

    def unseal(self, sealed: Sealed, *, context: bytes) -> Secret:
        """Return the secret.

        :raises UnknownRingKey: if the ring lacks its key
        :raises Tampered: if it was changed, or sealed for another context
        """
        return Secret(_decrypt(AESGCM(self._data_key(sealed, context)), sealed.ciphertext, context))

    def rewrap(self, sealed: Sealed, *, context: bytes) -> Sealed:
        """Return *sealed* with its data key wrapped by the newest key; the ciphertext stays.

        :raises UnknownRingKey: if the ring lacks its key
        :raises Tampered: if it was changed, or sealed for another context
        """
        newest, wrapper = next(iter(self._keys.items()))
        wrapped = _encrypt(wrapper, self._data_key(sealed, context), context)
        return Sealed(ring_key=newest, wrapped_key=wrapped, ciphertext=sealed.ciphertext)

    def _data_key(self, sealed: Sealed, context: bytes) -> bytes:
        if (wrapper := self._keys.get(sealed.ring_key)) is None:
            raise UnknownRingKey(f"The encryption key {sealed.ring_key} is not in the ring; add it again to read what it sealed.")
        return _decrypt(wrapper, sealed.wrapped_key, context)


def new_key() -> str:
    """Return a fresh key in the form a ring is written in."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def _ring_key(key: bytes) -> str:
    """Return a key's name: a digest that does not help to find the key."""
    return hashlib.sha256(b"portal ring key\0" + key).hexdigest()[:12]


def _encrypt(cipher: AESGCM, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, context)


def _decrypt(cipher: AESGCM, sealed: bytes, context: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
    except (InvalidTag, ValueError) as error:
        raise Tampered("A sealed value does not open: it was damaged, or belongs to another row.") from error
