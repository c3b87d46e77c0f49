"""Receivers of webhooks, as services and people run them: they keep what comes and answer what they are told to."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Post:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Listens on a free port of the loopback address; a context manager.

    :ivar answers: status and body for the next requests, the last one for all after
    :ivar drips: send the answer a byte at a time, for ever
    """

    answers: list[tuple[int, bytes]] = field(default_factory=lambda: [(200, b"ok")])
    headers: dict[str, str] = field(default_factory=dict)
    drips: bool = False
    tls: Path | None = None  # certificate and key, PEM
    posts: list[Post] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take a port."""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append(Post(self.path, dict(self.headers.items()), body))
                status, content = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                if receiver.drips:
                    self._drip()
                    return
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                receiver.posts.append(Post(self.path, dict(self.headers.items()), b""))
                self.send_response(200)
                self.end_headers()

            def _drip(self) -> None:
                try:
                    while True:
                        self.wfile.write(b"x")
                        self.wfile.flush()
                        time.sleep(0.05)
                except OSError:  # it was hung up on
                    self.close_connection = True

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/hook/very-secret-token", *, host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> Self:
        """Listen."""
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Mail:
    """A mail as its reader sees it."""

    to: str
    subject: str
    text: str
    id: str


def read(raw: bytes) -> Mail:
    """Return a mail that a mailbox has kept."""
    mail = message_from_bytes(raw.removesuffix(b".\r\n"), policy=default)
    return Mail(str(mail["To"]), str(make_header(decode_header(str(mail["Subject"])))), str(mail.get_content()), str(mail["Message-ID"]))
