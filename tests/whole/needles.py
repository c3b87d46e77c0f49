"""What to look for in a haystack: a secret in the forms in which software writes secrets down."""

from __future__ import annotations

import base64
import json
import urllib.parse

from kit.issuing import Issued


def of_text(secret: str) -> set[bytes]:
    """Return a password or key as text in the usual encodings, and encoded once more for addresses, JSON, Python and headers."""
    raw = secret.encode()
    written = {secret, urllib.parse.quote(secret), urllib.parse.quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1], raw.hex()}
    wide = {secret.encode("utf-16-le"), secret.encode("utf-16-be")}  # PKCS#12 takes passwords so
    return {text.encode() for text in written} | {raw.hex().upper().encode()} | wide | _base64(raw)


def of_basic_credentials(username: str, password: str) -> set[bytes]:
    """Return a user name and password as they stand in an Authorization header, and the password alone."""
    return {base64.b64encode(f"{username}:{password}".encode())} | of_text(password)


def of_private_key(issued: Issued) -> set[bytes]:
    """Return a P-256 private key: its number in the usual notations, and what holds it in DER and PEM."""
    number = issued.key.private_numbers().private_value  # type: ignore[union-attr]  # P-256, as issue() makes it
    raw = number.to_bytes(32, "big")
    lines = [line for line in issued.key_pem.splitlines()[1:-1] if len(line) > 40]
    return {raw, raw[::-1], str(number).encode(), *(line.encode() for line in lines), *_hex(raw)} | _base64(raw)


def of_file(content: bytes) -> set[bytes]:
    """Return pieces of a file that hardly occur elsewhere."""
    middle = content[len(content) // 2 :][:48]
    return {content[100:148], middle} | _base64(middle)


def _hex(raw: bytes) -> set[bytes]:
    return {raw.hex().encode(), raw.hex().upper().encode(), raw.hex(":").encode()}


def _base64(raw: bytes) -> set[bytes]:
    """Return what base64 makes of *raw* in the midst of anything: it depends on where in a group of three bytes it begins."""
    found = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        begin, end = (before * 8 + 5) // 6, len(encoded) - 4
        found |= {encoded[begin:end], encoded[begin:end].translate(bytes.maketrans(b"+/", b"-_"))}
    return {one for one in found if len(one) > 8}
