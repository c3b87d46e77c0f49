"""Does a back end ask for a client certificate, and which does it show? Seen in a TLS handshake of the portal's own: Envoy does not tell.

No certificate is shown, no request sent, and nothing believed but the question itself (CertificateRequest: RFC 8446, 4.3.2; RFC 5246,
7.4.4). Where the gateway stands elsewhere, the back end may treat it otherwise.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterable

from cryptography import x509
from OpenSSL import SSL
from OpenSSL.crypto import X509

from apis.addresses import Network, callable_address
from apis.policy.model import Backend

_SECONDS = 3.0
_READS_REQUEST = b"certificate request"  # how OpenSSL calls the step of the handshake that only a server that asks leads to


def asks_for_certificate(backend: Backend, *, allowed: Iterable[Network]) -> bool | None:
    """Return whether *backend* asks for a client certificate in the handshake; ``None`` if that could not be seen.

    Takes three seconds at most.

    :param allowed: networks whose loopback addresses may be called
    """
    steps: list[bytes] = []
    ended = _handshake(backend, _context(backend, steps), allowed)
    asked = any(_READS_REQUEST in step for step in steps)
    return True if asked else False if ended else None


def certificate_of(backend: Backend, *, allowed: Iterable[Network]) -> x509.Certificate | None:
    """Return the certificate that *backend* shows for its host name, trusted or not; ``None`` if none was seen.

    Takes three seconds at most.

    :param allowed: networks whose loopback addresses may be called
    """
    shown: list[X509] = []

    def look(_connection: SSL.Connection, certificate: X509, _error: int, depth: int, _fine: int) -> bool:
        if depth == 0:
            shown.append(certificate)
        return True

    context = _context(backend, [])
    context.set_verify(SSL.VERIFY_PEER, look)
    _handshake(backend, context, allowed)
    try:
        return shown[0].to_cryptography() if shown else None
    except ValueError:  # what OpenSSL reads and cryptography does not
        return None


def _handshake(backend: Backend, context: SSL.Context, allowed: Iterable[Network]) -> bool:
    """Shake hands as far as it goes; return whether it came to its end."""
    until = time.monotonic() + _SECONDS
    try:
        with socket.create_connection((callable_address(backend.host, backend.port, allowed), backend.port), timeout=_SECONDS) as plain:
            plain.setblocking(False)
            return _shake(SSL.Connection(context, plain), backend.host, until)
    except OSError:
        return False


def _context(backend: Backend, steps: list[bytes]) -> SSL.Context:
    """Return what offers the TLS that the gateway would offer, and notes each step of the handshake in *steps*."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_min_proto_version(SSL.TLS1_VERSION if backend.older_servers else SSL.TLS1_2_VERSION)
    if backend.older_servers:
        context.set_cipher_list(b"DEFAULT@SECLEVEL=0")
    context.set_info_callback(lambda connection, where, code: steps.append(connection.get_state_string()))  # noqa: ARG005 - OpenSSL's own
    return context


def _shake(connection: SSL.Connection, host: str, until: float) -> bool:
    """Shake hands as far as it goes; return whether it came to its end."""
    with contextlib.suppress(UnicodeError):
        connection.set_tlsext_host_name(host.encode("ascii"))
    connection.set_connect_state()
    while (left := until - time.monotonic()) > 0:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            select.select([connection], [], [], left)
        except SSL.WantWriteError:
            select.select([], [connection], [], left)
        except SSL.Error:
            return False
        else:
            return True
    return False
