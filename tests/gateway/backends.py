"""Back ends that the gateway really calls: TLS servers that may demand client certificates, and that note who has called with what."""

from __future__ import annotations

import hashlib
import http.server
import json
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateway.agent.envoy import binary
from kit.issuing import Issued
from kit.ports import free_ports


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call as it has arrived."""

    method: str
    target: str  # path and query, byte for byte
    headers: tuple[tuple[str, str], ...]  # names in lower case
    body: str
    thumbprint: str  # of the client certificate; empty without one
    connection: int  # the caller's port

    def header(self, name: str) -> str | None:
        """Return the value of a header, ``None`` without it."""
        return dict(self.headers).get(name)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write per answer
    server: _Server

    def answer(self) -> None:
        """Answer with what has arrived. ``/slow/2`` waits first, ``/drop`` closes instead, ``/large/9`` sends as many bytes.

        Each header ``X-Answer`` of the call, ``Name: value``, becomes a header of the answer.
        """
        call = self._call()
        self.server.calls.append(call)
        words = call.target.partition("?")[0].split("/")
        if "drop" in words:
            self.close_connection = True
            return
        if "slow" in words:
            time.sleep(float(words[words.index("slow") + 1]))
        answer = json.dumps(asdict(call)).encode()
        if "large" in words:
            answer = b"x" * int(words[words.index("large") + 1])
        self.send_response(int(words[words.index("status") + 1]) if "status" in words else 200)
        for name, value in call.headers:
            if name == "x-answer":
                self.send_header(*value.split(": ", 1))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_QUERY = do_FOO = answer  # noqa: N815 - the base class's names

    def _call(self) -> Call:
        return Call(
            method=self.command,
            target=self.requestline.split()[1],  # `path` has its leading slashes merged
            headers=tuple((name.lower(), value) for name, value in self.headers.items()),
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1"),
            thumbprint=self._thumbprint(),
            connection=self.client_address[1],
        )

    def _thumbprint(self) -> str:
        if isinstance(self.connection, ssl.SSLSocket):
            return _thumbprint_of(self.connection.getpeercert(binary_form=True))
        for part in self.headers.get("X-Forwarded-Client-Cert", "").split(";"):
            if part.startswith("Cert="):
                return _thumbprint_of(ssl.PEM_cert_to_DER_cert(urllib.parse.unquote(part[6:-1])))
        return ""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the overridden method's own name
        """Say nothing; calls are noted."""


def _thumbprint_of(der: bytes | None) -> str:
    return hashlib.sha1(der).hexdigest().upper() if der else ""  # noqa: S324 - the thumbprint's definition


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.context = context
        self.calls: list[Call] = []

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread; a caller that does not get through leaves no call."""
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.context:
                request = self.context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
        except OSError:
            return
        finally:
            request.close()


@dataclass
class Backend:
    """A running HTTP/1.1 server; a context manager.

    :ivar certificate: what it shows; ``None``: no TLS
    :ivar accepts: the authority client certificates must come from; ``None``: it asks for none
    :ivar accepts_too: another one that they may come from
    :ivar offers: what it offers by ALPN; it speaks HTTP/1.1 whatever is chosen
    """

    certificate: Issued | None = None
    accepts: Issued | None = None
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    offers: tuple[str, ...] = ()
    accepts_too: Issued | None = None
    port: int = field(default_factory=lambda: free_ports(1)[0])

    def __enter__(self) -> Self:
        """Start it."""
        self._server = _Server(self.port, _context(self) if self.certificate else None)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()

    def trust(self, authority: Issued) -> None:
        """Take client certificates of another *authority*, too, from the next handshake on."""
        self.accepts_too = authority
        self._server.context = _context(self)

    @property
    def calls(self) -> list[Call]:
        """Every call that has arrived."""
        return self._server.calls


@dataclass
class Http2Backend:
    """A second Envoy that offers HTTP/2 by ALPN, demands client certificates and hands calls on to a plain :class:`Backend`."""

    certificate: Issued
    accepts: Issued
    port: int = field(default_factory=lambda: free_ports(1)[0])

    def __enter__(self) -> Self:
        """Start both; Envoy has all it needs in its bootstrap."""
        self.behind = Backend().__enter__()
        self._home = tempfile.TemporaryDirectory(prefix="backend-")
        configuration = Path(self._home.name) / "envoy.json"
        configuration.touch(mode=0o600)
        configuration.write_text(json.dumps(_terminator(self)), encoding="utf-8")
        self._process = subprocess.Popen(
            [binary(), "--config-path", str(configuration), "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"]
        )
        wait_for(self.port)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End both."""
        self._process.terminate()
        self._process.wait()
        self._home.cleanup()
        self.behind.__exit__(kind, error, trace)

    @property
    def calls(self) -> list[Call]:
        """Every call that has arrived; ``x-protocol`` says by which protocol, ``x-scheme`` what the call says of the scheme."""
        return self.behind.calls


def _terminator(backend: Http2Backend) -> dict[str, Any]:
    tls = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": True,
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificates": [
                {
                    "certificate_chain": {"inline_string": backend.certificate.pem},
                    "private_key": {"inline_string": backend.certificate.key_pem},
                }
            ],
            "validation_context": {"trusted_ca": {"inline_string": backend.accepts.pem}},
        },
    }
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "backend",
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"cert": True},
        "http_filters": [
            {"name": "router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
        ],
        "route_config": {
            "request_headers_to_add": [
                {"header": {"key": "x-protocol", "value": "%PROTOCOL%"}},
                {"header": {"key": "x-scheme", "value": "%REQ(:SCHEME)%"}},
            ],
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "behind", "timeout": "0s"}}]}
            ],
        },
    }
    listener = {
        "name": "backend",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": backend.port}},
        "filter_chains": [
            {
                "transport_socket": {"name": "tls", "typed_config": tls},
                "filters": [{"name": "http", "typed_config": manager}],
            }
        ],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": backend.behind.port}}
    behind = {
        "name": "behind",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "behind", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]},
    }
    return {"static_resources": {"listeners": [listener], "clusters": [behind]}}


def _context(backend: Backend) -> ssl.SSLContext:
    assert backend.certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = backend.newest
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(backend.certificate.key_pem + backend.certificate.pem)
        file.flush()
        context.load_cert_chain(file.name)
    if backend.accepts:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=backend.accepts.pem + (backend.accepts_too.pem if backend.accepts_too else ""))
    if backend.offers:
        context.set_alpn_protocols(list(backend.offers))
    return context


def wait_for(port: int) -> None:
    """Wait until something listens on *port*."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"Nothing listens on port {port}.")
