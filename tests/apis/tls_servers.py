"""Servers that do one thing each: real TLS with settings of one's own, or bytes that a broken server might send."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from kit.issuing import Issued

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[socket.socket], None]


@dataclass
class Listening:
    """Where it listens."""

    port: int


@contextlib.contextmanager
def serving(serve: Serve) -> Iterator[Listening]:
    """Give each connection to *serve*, one after the other, and close it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()
        thread = threading.Thread(target=_accept, args=(listener, serve, over), daemon=True)
        thread.start()
        yield Listening(listener.getsockname()[1])
        over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(listener.getsockname(), timeout=1).close()
        thread.join(10)


def _accept(listener: socket.socket, serve: Serve, over: threading.Event) -> None:
    while not over.is_set():
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            if not over.is_set():
                serve(connection)


def by_tls(context: ssl.SSLContext, answer: bytes = ANSWER) -> Serve:
    """Return what shakes hands by *context*, reads a request and gives this answer."""

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            if secure.recv(4096):
                secure.sendall(answer)

    return serve


def saying(words: bytes) -> Serve:
    """Return what hears the first words of a client, says these and closes."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(words)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass

    return serve


def resetting(connection: socket.socket) -> None:
    """Hear the first words of a client and reset the connection."""
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(connection: socket.socket) -> None:
    """Say nothing until the client goes."""
    while connection.recv(4096):
        pass


def alert(number: int) -> bytes:
    """Return the record of a fatal alert as it goes over the wire before there are keys (RFC 5246, 7.2)."""
    return bytes((21, 3, 3, 0, 2, 2, number))


def context_of(
    certificate: Issued, *, accepts: Issued | None = None, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, revoked: Issued | None = None
) -> ssl.SSLContext:
    """Return the context of a server that shows *certificate* and what is above it.

    :param accepts: the authority whose client certificates it demands; ``None``: none are asked for
    :param revoked: what that authority has revoked
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    with _file(certificate.key_pem + certificate.pem + certificate.chain_pem) as name:
        context.load_cert_chain(name)
    if accepts:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=accepts.pem)
    if accepts and revoked:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        with _file(_list_of_revoked(accepts, revoked)) as name:
            context.load_verify_locations(name)
    return context


@contextlib.contextmanager
def _file(pem: str) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem)
        file.flush()
        yield file.name


def _list_of_revoked(by: Issued, revoked: Issued) -> str:
    now = datetime.now(UTC)
    one = x509.RevokedCertificateBuilder().serial_number(revoked.certificate.serial_number).revocation_date(now).build()
    builder = x509.CertificateRevocationListBuilder().issuer_name(by.certificate.subject).add_revoked_certificate(one)
    built = builder.last_update(now - timedelta(hours=1)).next_update(now + timedelta(hours=1)).sign(by.key, hashes.SHA256())
    return built.public_bytes(Encoding.PEM).decode()
