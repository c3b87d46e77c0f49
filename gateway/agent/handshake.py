"""One TLS handshake with somebody, perhaps a request, and what it shows. Nothing is verified: whoever asked judges what was seen. [pure]

With OpenSSL rather than Envoy's library: it tells whether a certificate was asked for, of whom, and what was objected to.
"""

from __future__ import annotations

import ipaddress
import re
import select
import socket
import time
from collections.abc import Callable
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from OpenSSL import SSL, crypto

from gateway.streams.probing import Question, Seen, Stage, Target

_SECONDS = 5.0  # for all of it, as for Envoy's connections
_LEAST_SECONDS = 0.1  # to connect, where looking the name up has taken all
_AFTERTHOUGHT_SECONDS = 0.3  # for a server that speaks TLS 1.3 to refuse the certificate it was shown
_ANSWER = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})[ \r\n]")
_LONGEST_LINE = 4096
_HTTPS = 443
_CLOSED = "the connection was closed"


def shake_hands(question: Question) -> Seen:
    """Return what a handshake with the target of *question* shows."""
    began = time.monotonic()
    seen = _seen(question, began + _SECONDS)
    return replace(seen, milliseconds=round((time.monotonic() - began) * 1000))


def _seen(question: Question, deadline: float) -> Seen:
    target = question.target
    try:
        family, kind, protocol, _, address = _first(target)
    except (OSError, UnicodeError) as error:  # no address, or a name that no address can have
        return Seen(stage=Stage.NAME, error=str(getattr(error, "strerror", None) or error))
    with socket.socket(family, kind, protocol) as plain:
        plain.settimeout(max(deadline - time.monotonic(), _LEAST_SECONDS))
        try:
            plain.connect(address)
        except OSError as error:
            return Seen(stage=Stage.CONNECT, error=str(error.strerror or error), address=str(address[0]))
        try:
            return _shaken(plain, question, deadline, str(address[0]))
        except (ValueError, SSL.Error) as error:  # the certificate or the key does not load
            return Seen(stage=Stage.HANDSHAKE, error=_words(error), address=str(address[0]))


def _first(target: Target) -> tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int, ...]]:
    """Return where to connect to: IPv4 first, as the gateway does.

    :raises OSError: if the name is not known
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    return min(found, key=lambda one: one[0] != socket.AF_INET)  # type: ignore[return-value]  # a stream's addresses are texts and numbers


def _shaken(plain: socket.socket, question: Question, deadline: float, address: str) -> Seen:
    asked: list[bool] = []

    def note(connection: SSL.Connection, _where: int, _result: int) -> None:
        if b"certificate request" in connection.get_state_string():
            asked.append(True)

    context = _context(question)
    context.set_info_callback(note)
    secure = SSL.Connection(context, plain)
    secure.set_connect_state()
    if name := _server_name(question.target):
        secure.set_tlsext_host_name(name.encode("idna"))
    error = _carried_out(secure.do_handshake, plain, deadline)
    stage = Stage.HANDSHAKE if error else None
    if not error and asked:
        error = _carried_out(lambda: secure.recv(1), plain, min(deadline, time.monotonic() + _AFTERTHOUGHT_SECONDS), silence="")
        stage = Stage.AFTER if error else None
    status = None
    if not error and question.path:
        status, error = _asked_for(secure, plain, question, deadline)
        stage = Stage.REQUEST if error else None
    chain = secure.get_peer_cert_chain(as_cryptography=True) or []
    return Seen(
        stage=stage,
        error=error,
        address=address,
        protocol=secure.get_protocol_version_name() if secure.get_cipher_name() else "",
        cipher=secure.get_cipher_name() or "",
        application_protocol=secure.get_alpn_proto_negotiated().decode("ascii", "replace"),
        asked_for_certificate=bool(asked),
        issuers=tuple(_name(one) for one in secure.get_client_ca_list()),
        chain=tuple(one.public_bytes(Encoding.DER) for one in chain),
        status=status,
    )


def _asked_for(secure: SSL.Connection, plain: socket.socket, question: Question, deadline: float) -> tuple[int | None, str]:
    """Ask for the headers of a path; return the status of the answer, or why there is none."""
    target = question.target
    host = target.server_name or target.host
    named = f"[{host}]" if ":" in host else host
    authority = named if target.port == _HTTPS else f"{named}:{target.port}"
    request = f"HEAD {question.path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nAccept: */*\r\n\r\n".encode("ascii")
    if error := _carried_out(lambda: secure.sendall(request), plain, deadline):
        return None, error
    answer = bytearray()
    while b"\n" not in answer and len(answer) < _LONGEST_LINE:
        before = len(answer)
        if error := _carried_out(lambda: answer.extend(secure.recv(_LONGEST_LINE)), plain, deadline):
            return None, error
        if len(answer) == before:
            return None, _CLOSED
    found = _ANSWER.match(answer)
    return (int(found[1]), "") if found else (None, "the answer is not HTTP/1.1")


def _context(question: Question) -> SSL.Context:
    """Return what a handshake is made with: TLS 1.2 or 1.3, earlier ones where that was asked for, and whatever parameters servers have.

    :raises ValueError: if certificate or key cannot be read
    :raises SSL.Error: if they do not belong together
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION if question.older_servers else SSL.TLS1_2_VERSION)
    if question.asks_later:
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
    if question.target.protocols:
        context.set_alpn_protos([one.encode("ascii") for one in question.target.protocols])
    if question.certificate:
        leaf, *above = x509.load_pem_x509_certificates(question.certificate)
        context.use_certificate(leaf)
        for one in above:
            context.add_extra_chain_cert(one)
        context.use_privatekey(load_pem_private_key(question.private_key.value, None))  # type: ignore[arg-type]  # of a kind that signs
        context.check_privatekey()
    return context


def _server_name(target: Target) -> str:
    if target.server_name:
        return target.server_name
    try:
        ipaddress.ip_address(target.host)
    except ValueError:
        return target.host
    return ""


def _carried_out(step: Callable[[], object], plain: socket.socket, deadline: float, *, silence: str = "no answer in time") -> str:
    """Carry *step* out; return why that did not work, empty if it did.

    :param silence: what it means when nothing comes until *deadline*
    """
    while True:
        try:
            step()
        except SSL.WantReadError:
            readable, writable = [plain], []
        except SSL.WantWriteError:
            readable, writable = [], [plain]
        except SSL.ZeroReturnError:
            return _CLOSED
        except (SSL.Error, OSError) as error:
            return _words(error)
        else:
            return ""
        left = deadline - time.monotonic()
        if left <= 0 or not any(select.select(readable, writable, [], left)):
            return silence


def _words(error: Exception) -> str:
    """Return what OpenSSL, or the system, says."""
    match error.args:
        case ([*reasons],) if reasons:
            return "; ".join(reason[-1] for reason in reasons)
        case (-1, str(words)):
            return _CLOSED if "EOF" in words else words
        case _:
            return str(error) or _CLOSED


def _name(issuer: crypto.X509Name) -> str:
    """Return an issuer as RFC 4514 writes names: the last part first."""
    parts = [(key.decode("ascii", "replace"), value.decode("utf-8", "replace")) for key, value in issuer.get_components()]
    return ",".join(f"{key}={value}" for key, value in reversed(parts))
