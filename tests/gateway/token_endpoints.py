"""A token endpoint: a real HTTPS server that takes client credentials, by secret or by certificate, and notes how it was asked."""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, unquote_plus

from kit.issuing import Issued


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How it was asked once."""

    fields: dict[str, str]
    client: str
    secret: str  # however it was sent; empty without one
    by_header: bool
    certificate: bool  # whether a client certificate was shown


@dataclass
class Answers:
    """How it answers from now on; tests change that."""

    clients: dict[str, str] = field(default_factory=dict)  # ids and secrets
    seconds: Any = 3600
    slow: float = 0
    instead: tuple[int, bytes] | None = None  # status and body in place of what is right


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        asked, answers = self._asked(), self.server.answers
        self.server.asked.append(asked)
        time.sleep(answers.slow)
        known = (
            asked.certificate and not asked.secret if asked.client not in answers.clients else answers.clients[asked.client] == asked.secret
        )
        status, body = (200, self._token(asked)) if known else (401, {"error": "invalid_client", "error_description": "not told"})
        content = json.dumps(body).encode()
        if answers.instead:
            status, content = answers.instead
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _token(self, asked: Asked) -> dict[str, Any]:
        seconds = self.server.answers.seconds
        number = len(self.server.asked)
        found = {
            "access_token": f"{asked.client.replace(' ', '-')}-{number}",
            "token_type": "bearer",
            "scope": asked.fields.get("scope", ""),
        }
        return found | ({} if seconds is None else {"expires_in": seconds})

    def _asked(self) -> Asked:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = {name: values[0] for name, values in parse_qs(body).items()}
        header = self.headers.get("Authorization", "")
        client, secret = fields.get("client_id", ""), fields.get("client_secret", "")
        if header:
            client, secret = map(unquote_plus, base64.b64decode(header.removeprefix("Basic ")).decode().split(":"))
        shown = bool(self.connection.getpeercert())
        return Asked(fields=fields, client=client, secret=secret, by_header=bool(header), certificate=shown)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    answers: Answers
    asked: list[Asked]

    def handle_error(self, *_arguments: Any) -> None:
        """Say nothing of callers that hang up."""


class TokenEndpoint:
    """A running one.

    :ivar asked: how it was asked, in order
    """

    def __init__(self, certificate: Issued, accepts: Issued | None = None, **answers: Any) -> None:
        """Serve with this *certificate*; of clients those that *accepts* has issued are asked for theirs."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.answers, self._server.asked = Answers(**answers), []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(certificate.key_pem + certificate.pem)
            file.flush()
            context.load_cert_chain(file.name)
        if accepts:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(cadata=accepts.pem)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self) -> Self:
        """Serve."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"https://localhost:{self._server.server_address[1]}/token?tenant=1"

    @property
    def answers(self) -> Answers:
        """How it answers."""
        return self._server.answers

    @property
    def asked(self) -> list[Asked]:
        """How it was asked."""
        return self._server.asked
