"""WebSockets (RFC 6455), as much as tests need: a server that sends each text back, and a caller."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import socketserver
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BufferedIOBase
from types import TracebackType
from typing import Self

from kit.ports import free_ports

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT = 0x81  # a whole text
_SHORT = 126  # lengths from here on are written another way; no test needs them


class _Echo(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Shake hands and send back every text, or refuse what is no WebSocket with 426."""
        head = _head(self.rfile)
        self.server.heads.append(head)
        if head.get("upgrade", "").lower() != "websocket":
            self.wfile.write(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        accepted = base64.b64encode(hashlib.sha1(head["sec-websocket-key"].encode() + _GUID).digest())  # noqa: S324 - RFC 6455, 4.2.2
        answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        self.wfile.write(answer + accepted + b"\r\n\r\n")
        while (text := _receive(self.rfile)) is not None:
            self.wfile.write(bytes([_TEXT, len(text)]) + text)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Echo)
        self.heads: list[Mapping[str, str]] = []


@dataclass
class WebSocketServer:
    """A server without TLS that takes WebSockets only; a context manager."""

    port: int = field(default_factory=lambda: free_ports(1)[0])

    def __enter__(self) -> Self:
        """Start it."""
        self._server = _Server(self.port)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def heads(self) -> list[Mapping[str, str]]:
        """The headers of each call that has arrived; their names in lower case, the first line under an empty one."""
        return self._server.heads


class WebSocket:
    """A caller's end, over a connection of its own; a context manager.

    :ivar status: what the upgrade was answered with; 101 if it is open
    """

    def __init__(self, port: int, target: str, headers: Mapping[str, str] | None = None) -> None:
        """Ask for the upgrade."""
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=15)
        self._stream = self._connection.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        sent = {
            "Host": "gateway",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
            **(headers or {}),
        }
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
        self._connection.sendall("\r\n".join(lines).encode())
        self.headers = _head(self._stream)
        self.status = int(self.headers[""].split()[1])

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Hang up."""
        self._stream.close()
        self._connection.close()

    def say(self, text: str) -> str | None:
        """Send a text and return what comes back; ``None`` if the other side has hung up."""
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text.encode()))
        try:
            self._connection.sendall(bytes([_TEXT, 0x80 | len(masked)]) + mask + masked)
            answer = _receive(self._stream)
        except OSError:
            return None
        return None if answer is None else answer.decode()

    def is_ended(self) -> bool:
        """Wait until the other side hangs up; ``False`` if it does not within the time of the connection."""
        try:
            return self._stream.read(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


def _head(stream: BufferedIOBase) -> dict[str, str]:
    lines = iter(lambda: stream.readline().strip(), b"")
    found = {"": next(lines, b"").decode()}
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        found[name.lower()] = value.strip()
    return found


def _receive(stream: BufferedIOBase) -> bytes | None:
    """Return the next text, unmasked; ``None`` at the end."""
    if len(start := stream.read(2)) < 2 or start[0] != _TEXT:
        return None
    length, masked = start[1] & 0x7F, start[1] & 0x80
    assert length < _SHORT, "too long for a test"
    mask = stream.read(4) if masked else bytes(4)
    return bytes(byte ^ mask[place % 4] for place, byte in enumerate(stream.read(length)))
