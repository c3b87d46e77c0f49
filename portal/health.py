"""Health over HTTP: ``/healthz`` (alive), ``/readyz`` (by part) and ``/metrics``, for processes that serve no pages. [pure]"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from portal.metrics.families import CONTENT_TYPE, may_read, of_process, text_of
from portal.readiness import Report

_LOOK_SECONDS = 0.1  # whether to end: whoever ends waits that long
_SILENT_SECONDS = 5.0
Address = Path | tuple[str, int]  # a unix socket, or host and port


class HealthServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Answers both addresses until it is closed."""

    daemon_threads = True
    request_queue_size = 16

    def __init__(self, address: Address, report: Callable[[], Report], process: str, token: str) -> None:
        """Listen.

        :param report: what is told at ``/readyz``
        :param process: what ``/metrics`` calls this process
        :param token: who may read that; empty: this machine alone
        :raises OSError: if *address* cannot be listened on
        """
        self.report = report
        self.process, self.token = process, token
        self.address_family = _family_of(address)
        where = str(address) if isinstance(address, Path) else address
        if isinstance(address, Path):
            address.unlink(missing_ok=True)
        super().__init__(where, _Handler)  # type: ignore[arg-type]  # a unix socket's address is its path
        if isinstance(address, Path):
            address.chmod(0o600)

    def server_bind(self) -> None:
        """Bind, without looking the host's name up; a unix socket by its name in its folder, for its path may have 107 bytes only."""
        if self.address_family != socket.AF_UNIX:
            socketserver.TCPServer.server_bind(self)
            return
        path, before = Path(str(self.server_address)), Path.cwd()
        try:
            os.chdir(path.parent)
            self.socket.bind(path.name)
        finally:
            os.chdir(before)


@contextlib.contextmanager
def answering(address: Address, report: Callable[[], Report], *, process: str, token: str = "") -> Iterator[None]:
    """Answer ``/healthz``, ``/readyz`` and ``/metrics`` meanwhile; see :class:`HealthServer`.

    :raises OSError: if *address* cannot be listened on
    """
    with HealthServer(address, report, process, token) as server:
        threading.Thread(target=server.serve_forever, args=(_LOOK_SECONDS,), name="health", daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = _SILENT_SECONDS
    server: HealthServer

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/healthz":
                self._answer(200, "text/plain", b"ok\n")
            case "/readyz":
                report = self.server.report()
                self._answer(200 if report.ready else 503, "application/json", json.dumps(report.as_json()).encode())
            case "/metrics":
                self._tell_figures()
            case _:
                self._answer(404, "text/plain", b"Nothing has this address.\n")

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def _tell_figures(self) -> None:
        peer = self.client_address[0] if isinstance(self.client_address, tuple) else ""
        if not may_read(str(peer), self.headers.get("Authorization", ""), self.server.token):
            self._answer(403, "text/plain", b"Send the token, or ask from this machine.\n")
        else:
            self._answer(200, CONTENT_TYPE, text_of(of_process(self.server.process, self.server.report())))

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def address_string(self) -> str:
        """Return nothing: a unix socket's callers have no address."""
        return ""

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: it is asked every few seconds."""


def _family_of(address: Address) -> socket.AddressFamily:
    if isinstance(address, Path):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET
