"""Callers by HTTPS, as tests need them: with a name asked for (SNI), an authority trusted, perhaps a certificate of their own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from http.client import HTTPResponse
from pathlib import Path

from kit.issuing import Issued
from tests.gateway.gateways import Answer


def context_of(authority: Issued, *, certificate: Issued | None = None, protocols: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLContext:
    """Return what a caller trusts, shows and speaks."""
    context = ssl.create_default_context(cadata=authority.pem)
    context.set_alpn_protocols(list(protocols))
    if certificate:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "caller.pem"
            file.write_text(certificate.pem + certificate.chain_pem + certificate.key_pem)
            context.load_cert_chain(file)
    return context


@contextlib.contextmanager
def connected(port: int, context: ssl.SSLContext, *, name: str | None) -> Iterator[ssl.SSLSocket]:
    """Connect to the gateway and ask for *name*."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        yield connection


def call_on(connection: ssl.SSLSocket, target: str, *, host: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
    """Make one call on an open connection."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    response = HTTPResponse(connection, method=method)
    response.begin()
    return Answer(status=response.status, headers={name.lower(): value for name, value in response.getheaders()}, body=response.read())
