"""The last good configuration on disk, so that an Envoy can start while no control plane is there. [pure]

It holds private keys, so it is sealed (AES-256-GCM) under a key of this machine's own, in a file beside it that only we may read. It
is written whole or not at all: a reader finds the one before or the new one.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.compile import Resource

CONFIGURATION, KEY = "gateway-configuration.sealed", "gateway-configuration.key"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_FORM = b"publisher portal: configuration of a gateway, 1\n"  # and what it says of itself, sealed with it
_MOMENT = struct.Struct(">q")  # seconds since 1970
_LENGTH = struct.Struct(">I")


class Unreadable(Exception):
    """What was kept does not open; the message is a sentence for whoever runs the gateway."""


def keep(home: Path, resources: Collection[Resource], *, at: datetime) -> None:
    """Put *resources*, good at the moment *at*, in place of what was kept before.

    :raises OSError: if the disk does not take it; then what was kept before still is
    """
    key = _key(home)
    if key is None:
        write_private(home / KEY, key := os.urandom(_KEY_BYTES))
    moment = _MOMENT.pack(int(at.timestamp()))
    nonce = os.urandom(_NONCE_BYTES)
    parts = (part for one in resources for text in (one.type_url.encode(), one.name.encode(), one.body) for part in _framed(text))
    sealed = AESGCM(key).encrypt(nonce, b"".join(parts), _FORM + moment)
    write_private(home / CONFIGURATION, _FORM + moment + nonce + sealed)


def kept(home: Path) -> tuple[tuple[Resource, ...], datetime] | None:
    """Return what was kept and when it was good, ``None`` if nothing was.

    :raises Unreadable: if it was damaged, or sealed under another key
    """
    try:
        content = (home / CONFIGURATION).read_bytes()
    except FileNotFoundError:
        return None
    head = len(_FORM) + _MOMENT.size
    header, nonce, sealed = content[:head], content[head : head + _NONCE_BYTES], content[head + _NONCE_BYTES :]
    try:
        plain = AESGCM(_key(home) or b"").decrypt(nonce, sealed, header)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("The configuration that was kept does not open: it is damaged, or comes from another machine.") from error
    (moment,) = _MOMENT.unpack(header[len(_FORM) :])
    texts = _texts(plain)
    resources = tuple(Resource(type_url.decode(), name.decode(), body) for type_url, name, body in zip(texts, texts, texts, strict=True))
    return resources, datetime.fromtimestamp(moment, UTC)


def forget(home: Path) -> None:
    """Keep nothing any more."""
    for name in (CONFIGURATION, KEY):
        (home / name).unlink(missing_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read; whoever reads *path* finds the old content or the new one, never part of it."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)  # of an attempt that was interrupted
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # before it takes the name, or the name could lead to nothing after a power cut
    beside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _key(home: Path) -> bytes | None:
    """Return the key, ``None`` if there is none, or one that is damaged and so opens nothing."""
    with contextlib.suppress(FileNotFoundError):
        if len(key := (home / KEY).read_bytes()) == _KEY_BYTES:
            return key
    return None


def _framed(text: bytes) -> tuple[bytes, bytes]:
    return _LENGTH.pack(len(text)), text


def _texts(plain: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(plain):
        (length,) = _LENGTH.unpack_from(plain, at)
        yield plain[at + _LENGTH.size : at + _LENGTH.size + length]
        at += _LENGTH.size + length
