"""HTTP/2 byte for byte: enough to send what a well-behaved client would not, and to read what is answered."""

from __future__ import annotations

import socket
from collections.abc import Iterable

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4


def call(
    port: int,
    headers: Iterable[tuple[str, str]],
    *,
    body: bytes | None = None,
    trailers: Iterable[tuple[str, str]] = (),
    end: bool = True,
) -> bytes:
    """Send a request with exactly these *headers* (pseudo-headers among them); return the body answered, or ``RST_STREAM`` or ``GOAWAY``.

    :param trailers: headers behind the *body*
    :param end: whether the request ends
    """
    flags = _END_HEADERS | (_END_STREAM if body is None and end else 0)
    sent = _PREFACE + frame(_SETTINGS, 0, 0) + frame(_HEADERS, flags, 1, _block(headers))
    behind = _block(trailers)
    if body is not None:
        sent += frame(_DATA, _END_STREAM if end and not behind else 0, 1, body)
    if behind:
        sent += frame(_HEADERS, _END_HEADERS | _END_STREAM, 1, behind)
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(sent)
        return _answer(connection)


def _answer(connection: socket.socket) -> bytes:
    body = b""
    with connection.makefile("rb") as stream:
        while head := stream.read(9):
            payload = stream.read(int.from_bytes(head[:3]))
            kind, flags = head[3], head[4]
            if kind == _RST_STREAM:
                return b"RST_STREAM"
            if kind == _GOAWAY:
                return b"GOAWAY"
            if kind == _SETTINGS and not flags & _ACK:
                connection.sendall(frame(_SETTINGS, _ACK, 0))
            if kind == _DATA:
                body += payload
            if kind in {_DATA, _HEADERS} and flags & _END_STREAM:
                return body
    raise AssertionError(f"The answer broke off after {body!r}.")


def settings() -> bytes:
    """Return the frame that a server begins with."""
    return frame(_SETTINGS, 0, 0)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return a frame (RFC 9113, 4.1)."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def _block(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return *headers* as literals, not indexed, not compressed (RFC 7541, 6.2.2)."""
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in headers)


def _text(text: str) -> bytes:
    encoded = text.encode("latin-1")
    return _integer(len(encoded)) + encoded


def _integer(number: int) -> bytes:
    """Return *number* with a prefix of seven bits (RFC 7541, 5.1)."""
    if number < 127:
        return bytes([number])
    number -= 127
    more = bytearray([127])
    while number >= 128:
        more.append(number % 128 + 128)
        number //= 128
    more.append(number)
    return bytes(more)
