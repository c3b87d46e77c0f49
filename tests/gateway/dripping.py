"""A back end whose answers never end: a byte now and then, as long as somebody reads."""

from __future__ import annotations

import socketserver
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from kit.ports import free_ports


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Read a call and begin to answer."""
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")
        try:
            while True:
                self.wfile.write(b".")
                time.sleep(0.05)
        except OSError:
            return


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@dataclass
class Dripping:
    """The running server; a context manager."""

    port: int = field(default_factory=lambda: free_ports(1)[0])

    def __enter__(self) -> Self:
        """Start it."""
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
