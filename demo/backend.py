"""The demonstration's back end: HTTPS that accepts only clients with a certificate of its own authority, and says whom it saw."""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import socket
import ssl
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from certificates.facts import Facts
from demo.identities import Folder

_SILENT_SECONDS = 60
_LARGEST_BODY = 1 << 20
_LOG_BYTES = 1 << 20
_HIDDEN = ("authorization", "cookie")

log = logging.getLogger("demo.backend")


def serve(folder: Folder, host: str, port: int) -> None:
    """Serve until ended. Each call is logged to standard output and to the folder's log."""
    with server(folder, host, port) as listening:
        log.info("Listening on https://%s:%d; only client certificates of %s are accepted.", host, port, folder.authority)
        listening.serve_forever()


@contextlib.contextmanager
def server(folder: Folder, host: str, port: int) -> Iterator[ThreadingHTTPServer]:
    """Yield the server, listening; the caller lets it serve."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder.authority))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder.backend)
    context.set_alpn_protocols(["http/1.1"])
    with _logging_to(folder), _Server((host, port), context) as listening:
        yield listening


class _Server(ThreadingHTTPServer):
    """Shakes hands in the thread of the connection, so that nobody waits for anybody."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._context = context
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Listen without looking up our own name, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        host, port = self.socket.getsockname()[:2]
        self.server_name, self.server_port = str(host), int(port)

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(_SILENT_SECONDS)
        try:
            with self._context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except ssl.SSLError as error:
            log.warning("Refused a connection: %s", _in_words(error))
        except OSError as error:
            log.info("A connection ended: %s", error)


class _Handler(BaseHTTPRequestHandler):
    """Answers every call with what it saw."""

    protocol_version = "HTTP/1.1"
    server_version = "demo-backend"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # one write an answer

    def answer(self) -> None:
        """Tell the caller, and the log, who called."""
        size = len(self._body())
        der = self.connection.getpeercert(binary_form=True)
        client = Facts.of(der)
        log.info("%s %s by %s, thumbprint %s", self.command, self.path, client.subject, client.thumbprint)
        seen = {
            "message": "The back end accepted the call: the gateway presented a certificate it trusts.",
            "clientCertificate": {"subject": client.subject, "issuer": client.issuer, "thumbprint": client.thumbprint},
            "request": {
                "method": self.command,
                "path": self.path,
                "bodyBytes": size,
                "headers": {name.lower(): "…" if name.lower() in _HIDDEN else value for name, value in self.headers.items()},
            },
        }
        content = json.dumps(seen, indent=2, ensure_ascii=False).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 - the names http.server asks for

    def _body(self) -> bytes:
        """Read the request's body, so that the connection can be used again."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self._read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(100).split(b";")[0], 16):
            body += self._read(size)
            self.rfile.readline(100)
        while self.rfile.readline(1000).strip():
            """Trailers are of no interest."""
        return body

    def _read(self, size: int) -> bytes:
        if size > _LARGEST_BODY:
            self.close_connection = True
            return b""
        return self.rfile.read(size)

    def log_message(self, *_parts: Any) -> None:
        """Say nothing: :meth:`answer` does, and it knows the certificate."""


def _in_words(error: ssl.SSLError) -> str:
    match error.reason:
        case "PEER_DID_NOT_RETURN_A_CERTIFICATE":
            return "the caller presented no client certificate."
        case "CERTIFICATE_VERIFY_FAILED":
            return f"the caller's client certificate is not of this back end's authority ({error})."
        case _:
            return str(error)


@contextlib.contextmanager
def _logging_to(folder: Folder) -> Iterator[None]:
    folder.log.touch(mode=0o600)
    file = logging.handlers.RotatingFileHandler(folder.log, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
    handlers = (logging.StreamHandler(sys.stdout), file)
    log.setLevel(logging.INFO)
    log.propagate = False
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            log.removeHandler(handler)
        file.close()
