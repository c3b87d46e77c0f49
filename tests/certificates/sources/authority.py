"""A real ACME authority. Port 80, which it asks names at, leads to these tests."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

from django.db import connection
from django.test import Client

from kit.acme import AcmeAuthority
from kit.ports import free_ports
from tests.makers import issue

NOBODY = "http://127.0.0.1:1/directory"  # another authority's, which is not there
KEY_IDENTIFIER, BINDING_KEY = "orders-team", "V2hhdGV2ZXIgdGhpcnR5LXR3byBvY3RldHMgaXQgdGFrZXM"


class _Asked(BaseHTTPRequestHandler):
    """Answers what the authority asks of names, as the portal does, whatever the name."""

    def do_GET(self) -> None:
        answer = Client(headers={"host": self.headers["Host"]}).get(self.path)
        connection.close()
        self.send_response(answer.status_code)
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Authority(AcmeAuthority):
    """One whose questions these tests answer."""

    def __init__(self, folder: Path, *, days: int = 30, binding: bool = False) -> None:
        """Issue certificates for so many days; *binding*: to accounts that it knows alone."""
        self.root = issue("ACME Root", authority=True)
        self._names = ThreadingHTTPServer(("127.0.0.1", 0), _Asked)
        (port,) = free_ports(1)
        known = {KEY_IDENTIFIER: BINDING_KEY} if binding else None
        super().__init__(folder, self.root, port=port, names_port=self._names.server_address[1], days=days, known=known)

    def __enter__(self) -> Self:
        """Start both."""
        Thread(target=self._names.serve_forever, daemon=True).start()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        """End both."""
        super().__exit__()
        self._names.shutdown()
        self._names.server_close()
