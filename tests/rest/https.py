"""The portal over HTTPS, in this process: published clients send their tokens over nothing else."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connections
from django.test.testcases import LiveServerThread


@dataclass(frozen=True)
class Server:
    """A running server: its address and the authority that vouches for it."""

    url: str
    authority: Path


class _TlsThread(LiveServerThread):
    """A live server whose socket speaks TLS."""

    tls: ssl.SSLContext

    def _create_server(self, *arguments: Any, **options: Any) -> Any:
        server = super()._create_server(*arguments, **options)  # type: ignore[misc]  # the stubs leave it out
        server.base_environ["HTTPS"] = "on"
        server.socket = self.tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        return server


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve the portal on loopback; its authority's certificate is put into *folder*."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    shared = {one.alias: one for one in connections.all() if one.vendor == "sqlite" and one.is_in_memory_db()}  # type: ignore[attr-defined]  # of SQLite alone
    thread = _TlsThread("127.0.0.1", StaticFilesHandler, connections_override=shared)
    thread.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(thread.tls)
    thread.daemon = True
    for connection in shared.values():
        connection.inc_thread_sharing()
    thread.start()
    try:
        thread.is_ready.wait()
        assert thread.error is None, thread.error
        yield Server(f"https://127.0.0.1:{thread.port}", folder / "authority.pem")
    finally:
        thread.terminate()
        for connection in shared.values():
            connection.dec_thread_sharing()
