"""Back ends that break off or refuse what they are asked, and note what has arrived."""

from __future__ import annotations

import socket
import socketserver
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from kit.ports import free_ports
from tests.gateway.http2 import frame, settings

_HEADERS, _RST_STREAM, _REFUSED_STREAM = 1, 3, 7  # RFC 9113, 6 and 7


class _Closing(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answer so many calls; read the next, and close without a word."""
        for _ in range(self.server.answers):
            if not self._read():
                return
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        if not self.server.at_once:
            self._read()

    def _read(self) -> bool:
        """Read a call and note it; return whether there was one."""
        lines = list(iter(lambda: self.rfile.readline().strip(), b""))
        if not lines:
            return False
        length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
        self.rfile.read(length)
        self.server.calls.append(lines[0].decode().rpartition(" ")[0])
        return True


class _Refusing(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Speak HTTP/2 without TLS, and refuse every stream as not begun (RFC 9113, 8.7)."""
        self.rfile.read(len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        self.wfile.write(settings())
        while head := self.rfile.read(9):
            self.rfile.read(int.from_bytes(head[:3]))
            if head[3] == _HEADERS:
                self.server.calls.append("a stream")
                self.wfile.write(frame(_RST_STREAM, 0, int.from_bytes(head[5:]), _REFUSED_STREAM.to_bytes(4)))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, handler: type[socketserver.BaseRequestHandler], answers: int, *, at_once: bool) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.answers = answers
        self.at_once = at_once
        self.calls: list[str] = []

    def finish_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]  # TCP only
        """Take a connection that breaks off for one that has ended."""
        try:
            super().finish_request(request, client_address)
        except OSError:
            return


@dataclass
class Unreliable:
    """A back end without TLS that closes connections in silence, or refuses every stream; a context manager.

    :ivar answers: how many calls a connection answers
    :ivar at_once: it closes behind the last answer; otherwise it reads one more call and closes then
    :ivar refuses: it speaks HTTP/2 and refuses all
    """

    answers: int = 0
    at_once: bool = False
    refuses: bool = False
    port: int = field(default_factory=lambda: free_ports(1)[0])

    def __enter__(self) -> Self:
        """Start it."""
        self._server = _Server(self.port, _Refusing if self.refuses else _Closing, self.answers, at_once=self.at_once)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def calls(self) -> list[str]:
        """Verb and address of each call that has arrived, also of those that got no answer."""
        return self._server.calls
