"""Every kind of back end takes client certificates of its authority only, and says whose it has seen."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path

import pytest

from benchmarks.backends import HOST_NAME, SEEN_HEADER, Backend, programs, start_backend
from kit.issuing import Issued, issue


def _seen(backend: Backend, port: int, client: Issued | None, folder: Path) -> str | None:
    """Return whose certificate the back end says it saw."""
    context = ssl.create_default_context(cadata=backend.authority.pem)
    if client:
        file = folder / "client.pem"
        file.write_text(client.pem + client.key_pem)
        context.load_cert_chain(file)
    calling = http.client.HTTPSConnection(HOST_NAME, port, context=context, timeout=10)
    try:
        calling.request("GET", "/orders/1")
        response = calling.getresponse()
        return response.headers[SEEN_HEADER] if response.status == 200 else None
    finally:
        calling.close()


@pytest.mark.parametrize("program", programs())
def test_a_back_end_says_whose_certificate_it_has_seen(program: str, tmp_path: Path) -> None:
    backend = start_backend(tmp_path, issue("authority", authority=True), http2=True, program=program)
    try:
        client = backend.client("orders-client")
        assert _seen(backend, backend.port, client, tmp_path) == client.thumbprint.lower()
        assert _seen(backend, backend.open_port, None, tmp_path) == "nobody"
        for stranger in (None, issue("stranger", by=issue("another authority", authority=True))):
            try:
                assert _seen(backend, backend.port, stranger, tmp_path) is None  # nginx answers such a call with a page of its own
            except OSError:  # Envoy breaks it off
                continue
    finally:
        backend.stop()
