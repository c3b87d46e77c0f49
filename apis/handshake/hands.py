"""The TLS of one connection: what it offers, what it presents, and what is noted while it goes on. [pure]"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from OpenSSL import SSL, crypto

from apis.handshake.offers import OLD_SUITES, SUITES
from apis.handshake.question import Question
from apis.handshake.request import Answer, read_answer, request_of
from apis.handshake.seen import End, Seen
from apis.handshake.steps import Broken, carried_out
from apis.handshake.trust import Judge

_AFTERTHOUGHT_SECONDS = 0.3  # for a server that speaks TLS 1.3 to refuse the certificate it was shown
_PIECE = 4096
_NO_RENEGOTIATION = 100  # our own alert: the server has asked for another handshake


@dataclass
class Hands:
    """One connection and what is noted of it.

    :ivar alert: the number of the last alert of the server's that is not its farewell
    """

    question: Question
    plain: socket.socket
    deadline: float
    alert: int | None = None
    _asked: bool = False
    _asks_later: bool = False
    _shaken: bool = False
    _judge: Judge | None = None
    _secure: SSL.Connection = field(init=False)

    def make_ready(self, server_name: str, bundle: Path | None, *, newest: int | None = None) -> None:
        """Load what is presented and say whom we want.

        :param newest: the newest version of TLS to speak; ``None``: as the question says
        :raises ValueError: if certificate or key cannot be read, or no server can have that name
        :raises SSL.Error: if they do not belong together
        """
        context = _context(self.question, newest)
        context.set_info_callback(self._note)
        if closely := self.question.closely:
            self._judge = Judge(context, trusted_ca=closely.trusted_ca, bundle=bundle)
        self._secure = SSL.Connection(context, self.plain)
        self._secure.set_connect_state()
        if server_name:
            self._secure.set_tlsext_host_name(server_name.encode("idna"))

    def shake(self) -> Broken | None:
        """Shake hands; return why that did not work."""
        broken = carried_out(self._secure.do_handshake, self.plain, self.deadline)
        self._shaken = True
        return broken

    def wait_for_refusal(self) -> Broken | None:
        """Wait a moment for a server that was shown a certificate, or none, to break off; return how it did."""
        if not self._asked:
            return None
        broken = carried_out(lambda: self._secure.recv(1), self.plain, min(self.deadline, time.monotonic() + _AFTERTHOUGHT_SECONDS))
        return None if broken and broken.end is End.SILENCE else broken

    def ask(self) -> tuple[Answer, Broken | None]:
        """Ask for the question's path; return the answer, or why there is none."""
        if broken := carried_out(lambda: self._secure.sendall(request_of(self.question)), self.plain, self.deadline):
            return Answer(), broken
        ends: list[Broken] = []

        def receive() -> bytes:
            came = bytearray()
            if broken := carried_out(lambda: came.extend(self._secure.recv(_PIECE)), self.plain, self.deadline):
                ends.append(broken)
            return bytes(came)

        answer = read_answer(receive, page=self.question.closely is not None)
        if answer.status is not None:
            return answer, None
        return answer, ends[0] if ends and answer.end is None else Broken.by(answer.end or End.CLOSED)

    def seen(self) -> Seen:
        """Return what was noted so far."""
        secure, judge = self._secure, self._judge
        chain = secure.get_peer_cert_chain(as_cryptography=True) or []
        issuers = secure.get_client_ca_list()
        return Seen(
            alert=self.alert,
            protocol=secure.get_protocol_version_name() if secure.get_cipher_name() else "",
            cipher=secure.get_cipher_name() or "",
            application_protocol=secure.get_alpn_proto_negotiated().decode("ascii", "replace"),
            asked_for_certificate=self._asked,
            asks_later=self._asks_later,
            issuers=tuple(_name(one) for one in issuers),
            issuer_names=tuple(one.der() for one in issuers),
            chain=tuple(one.public_bytes(Encoding.DER) for one in chain),
            judged=judge is not None and bool(chain),
            objections=tuple(judge.objections) if judge else (),
            anchor=judge.anchor_of(secure) if judge else b"",
        )

    def _note(self, connection: SSL.Connection, where: int, what: int) -> None:
        if b"certificate request" in connection.get_state_string():
            self._asked = True
            self._asks_later = self._asks_later or self._shaken
        number = what & 0xFF
        if where == SSL.SSL_CB_READ_ALERT and number:
            self.alert = number
        elif where == SSL.SSL_CB_WRITE_ALERT and number == _NO_RENEGOTIATION:
            self._asks_later = True


def _context(question: Question, newest: int | None) -> SSL.Context:
    """Return what offers what the gateway offers. Only where it may be asked again does it let the server begin anew, as Envoy does.

    :raises ValueError: if certificate or key cannot be read
    :raises SSL.Error: if they do not belong together
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION if question.older_servers else SSL.TLS1_2_VERSION)
    if newest or question.asks_later:
        context.set_max_proto_version(newest or SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_LEGACY_SERVER_CONNECT | (0 if question.asks_later else SSL.OP_NO_RENEGOTIATION))
    context.set_verify(SSL.VERIFY_NONE)
    suites = SUITES + (OLD_SUITES if question.older_servers else ())
    context.set_cipher_list(":".join((*suites, "@SECLEVEL=0")).encode("ascii"))
    if question.target.protocols:
        context.set_alpn_protos([one.encode("ascii") for one in question.target.protocols])
    if question.certificate:
        _present(context, question)
    return context


def _present(context: SSL.Context, question: Question) -> None:
    leaf, *above = x509.load_pem_x509_certificates(question.certificate)
    context.use_certificate(leaf)
    for one in above:
        context.add_extra_chain_cert(one)
    context.use_privatekey(load_pem_private_key(question.private_key.value, None))  # type: ignore[arg-type]  # of a kind that signs
    context.check_privatekey()


def _name(issuer: crypto.X509Name) -> str:
    """Return an issuer as RFC 4514 writes names: the last part first."""
    parts = [(key.decode("ascii", "replace"), value.decode("utf-8", "replace")) for key, value in issuer.get_components()]
    return ",".join(f"{key}={value}" for key, value in reversed(parts))
