"""Signed receipts as files: JSON that says what happened, signed with Ed25519 (RFC 8032). Verified without a database. [pure]

What is signed is the receipt as JSON with its names sorted, without blanks, in ASCII: equal receipts, equal bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ALGORITHM = "Ed25519"


class BadReceipt(Exception):
    """A file is no receipt, or not what was signed; the message is a sentence for whoever wanted to know."""


def signed(receipt: dict[str, Any], key: Ed25519PrivateKey) -> str:
    """Return *receipt* as a file that is signed with *key*."""
    signature = {
        "algorithm": _ALGORITHM,
        "public_key": base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        "value": base64.b64encode(key.sign(_bytes(receipt))).decode(),
    }
    return json.dumps({"receipt": receipt, "signature": signature}, indent=2, ensure_ascii=False) + "\n"


def verified(file: str, *, key: bytes) -> dict[str, Any]:
    """Return the receipt that a file holds, if *key* has signed it.

    :param key: the public key, raw
    :raises BadReceipt: if the file is none, was changed, or was signed by another key
    """
    try:
        match json.loads(file, object_pairs_hook=_each_once):
            case {
                "receipt": dict(receipt),
                "signature": {"algorithm": "Ed25519", "public_key": str(embedded), "value": str(value), **unsigned},
                **beside,
            } if not unsigned | beside:
                public, signature = (base64.b64decode(one, validate=True) for one in (embedded, value))
            case _:
                raise BadReceipt("This is no signed receipt.")
    except (ValueError, RecursionError, binascii.Error) as error:
        raise BadReceipt("This is no signed receipt.") from error
    if public != key:
        raise BadReceipt(f"The receipt was signed by another key ({fingerprint(public)}) than it should have been ({fingerprint(key)}).")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _bytes(receipt))
    except (InvalidSignature, ValueError) as error:
        raise BadReceipt("The receipt was changed after it was signed: its signature does not fit.") from error
    return receipt


def fingerprint(key: bytes) -> str:
    """Return what people tell public keys apart by: the beginning of the SHA-256 digest."""
    return hashlib.sha256(key).hexdigest()[:16].upper()


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of a file; where a name stands twice, people read one value and programs the other."""
    if len(found := dict(pairs)) < len(pairs):
        raise BadReceipt("A name stands in it twice, so this is no receipt as it was signed.")
    return found


def _bytes(receipt: dict[str, Any]) -> bytes:
    return json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
