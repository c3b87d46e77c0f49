"""The last good configuration on disk, so that an Envoy can start while no control plane is there. [pure]

It holds private keys, so it is sealed (AES-256-GCM) under a key in a file beside it that only we may read, and, where the system gives
its machine an id (machine-id(5)), under that as well: a copy of the folder does not open elsewhere. It is written whole or not at all: a
reader finds the one before or the new one.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.compile import Resource
from portal import private_files

CONFIGURATION, KEY = "gateway-configuration.sealed", "gateway-configuration.key"
TOKENS = "gateway-tokens.sealed"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_FORM = b"publisher portal: configuration of a gateway, 1\n"  # and what it says of itself, sealed with it
_MOMENT = struct.Struct(">q")  # seconds since 1970
_LENGTH = struct.Struct(">I")
_MACHINE = Path("/etc/machine-id")  # containers have none, or an empty one
_INFO = b"publisher portal: what a gateway keeps, on the machine "
_MAKING = threading.Lock()  # a key; two files may be written at once


class Unreadable(Exception):
    """What was kept does not open; the message is a sentence for whoever runs the gateway."""


def keep(home: Path, resources: Collection[Resource], *, at: datetime) -> None:
    """Put *resources*, good at the moment *at*, in place of what was kept before.

    :raises OSError: if the disk does not take it; then what was kept before still is
    """
    moment = _MOMENT.pack(int(at.timestamp()))
    parts = (part for one in resources for text in (one.type_url.encode(), one.name.encode(), one.body) for part in _framed(text))
    seal(home, CONFIGURATION, _FORM + moment, b"".join(parts))


def kept(home: Path) -> tuple[tuple[Resource, ...], datetime] | None:
    """Return what was kept and when it was good, ``None`` if nothing was.

    :raises Unreadable: if it was damaged, or sealed under another key
    """
    opened = unseal(home, CONFIGURATION, len(_FORM) + _MOMENT.size)
    if opened is None:
        return None
    header, plain = opened
    (moment,) = _MOMENT.unpack(header[len(_FORM) :])
    texts = _texts(plain)
    resources = tuple(Resource(type_url.decode(), name.decode(), body) for type_url, name, body in zip(texts, texts, texts, strict=True))
    return resources, datetime.fromtimestamp(moment, UTC)


def forget(home: Path) -> None:
    """Keep nothing any more."""
    for name in (CONFIGURATION, TOKENS, KEY):
        (home / name).unlink(missing_ok=True)


def seal(home: Path, name: str, header: bytes, plain: bytes) -> None:
    """Put *plain*, sealed together with a *header* that stays legible, in place of what the file *name* holds.

    :raises OSError: if the disk does not take it; then the file is as it was
    """
    with _MAKING:
        key = _key(home)
        if key is None:
            private_files.write(home / KEY, key := os.urandom(_KEY_BYTES))
    nonce = os.urandom(_NONCE_BYTES)
    private_files.write(home / name, header + nonce + AESGCM(_of_this_machine(key)).encrypt(nonce, plain, header))


def unseal(home: Path, name: str, head: int) -> tuple[bytes, bytes] | None:
    """Return the header of the file *name*, so many bytes, and what was sealed; ``None`` if there is no such file.

    :raises Unreadable: if it was damaged, or sealed under another key
    """
    try:
        content = (home / name).read_bytes()
    except FileNotFoundError:
        return None
    header, nonce, sealed = content[:head], content[head : head + _NONCE_BYTES], content[head + _NONCE_BYTES :]
    key = _key(home) or b""
    for one in (_of_this_machine(key), key):  # earlier versions sealed under the file's key alone
        with contextlib.suppress(InvalidTag, ValueError):
            return header, AESGCM(one).decrypt(nonce, sealed, header)
    raise Unreadable("The configuration that was kept does not open: it is damaged, or comes from another machine.")


def _of_this_machine(key: bytes) -> bytes:
    """Return what the machine's id makes of the *key* (HKDF, RFC 5869); the key itself where there is no id."""
    try:
        machine = _MACHINE.read_bytes().strip()
    except OSError:
        machine = b""
    return HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=_INFO + machine).derive(key) if machine else key


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
