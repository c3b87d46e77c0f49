"""One TLS handshake with somebody, perhaps a request, and what it shows; what that means is judged by whoever asked. [pure]"""

from __future__ import annotations

import errno
import ipaddress
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from OpenSSL import SSL

from apis.handshake.hands import Hands
from apis.handshake.question import Question, Target
from apis.handshake.reach import addresses_of, callable_ones
from apis.handshake.seen import End, Seen, Stage
from apis.handshake.steps import Broken, broken_by

_SECONDS = 5.0  # for all of it, as for Envoy's connections
_SECONDS_CLOSELY = 8.0  # there may be two connections
_LEAST_SECONDS = 0.1  # to connect, where looking the name up has taken all
_UNKNOWN_NAMES = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_UNROUTABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM})
_REFUSING = 400


def shake_hands(question: Question, *, bundle: Path | None = None, seconds: float = 0) -> Seen:
    """Return what a handshake with the target of *question* shows.

    :param bundle: the system's authorities, PEM, by which a closer look judges where the question names none
    :param seconds: how long all of it may take; 0: as long as a call's connection may, and somewhat more for a closer look
    """
    began = time.monotonic()
    look = _Look(question, bundle, deadline=began + (seconds or (_SECONDS_CLOSELY if question.closely else _SECONDS)))
    seen = look.carry_out()
    return replace(seen, milliseconds=round((time.monotonic() - began) * 1000))


@dataclass
class _Look:
    question: Question
    bundle: Path | None
    deadline: float
    took: dict[str, int] = field(default_factory=dict)

    def carry_out(self) -> Seen:
        target, closely = self.question.target, self.question.closely
        try:
            with self._timed(Stage.NAME):
                found = addresses_of(target.host, target.port)
        except (OSError, UnicodeError) as error:  # no address, or a name that no address can have
            return Seen(stage=Stage.NAME, end=_unknown(error), error=str(getattr(error, "strerror", None) or error))
        ones = callable_ones(found, map(ip_network, closely.allowed)) if closely else found
        addresses = tuple(found)
        if not ones:
            return Seen(stage=Stage.NAME, end=End.FORBIDDEN, error="no address that may be called", addresses=addresses)
        return replace(self._at(_first(ones)), addresses=addresses, took=self.took)

    def _at(self, address: str) -> Seen:
        """Connect to *address*, which was judged: the name is not looked up again."""
        try:
            with self._timed(Stage.CONNECT):
                plain = self._connected(address)
        except OSError as error:
            return Seen(stage=Stage.CONNECT, end=_unreached(error), error=str(error.strerror or error), address=address)
        with plain:
            seen = self._shaken(Hands(self.question, plain, self.deadline), address)
        if self._may_ask_later(seen):
            return replace(seen, asks_later=self._asks_later(address))
        return seen

    def _connected(self, address: str) -> socket.socket:
        seconds = max(self.deadline - time.monotonic(), _LEAST_SECONDS)
        return socket.create_connection((address, self.question.target.port), timeout=seconds)

    def _shaken(self, hands: Hands, address: str) -> Seen:
        try:
            hands.make_ready(_server_name(self.question.target), self.bundle)
        except (ValueError, SSL.Error) as error:  # the certificate or the key does not load
            return Seen(stage=Stage.HANDSHAKE, end=End.UNLOADABLE, error=broken_by(error).words, address=address)
        stage, broken, known = self._steps(hands)
        if broken and hands.alert is not None and broken.end is End.OUR_LIBRARY:
            broken = Broken(End.ALERT, broken.words)
        seen = replace(hands.seen(), stage=stage, address=address, **known)
        return replace(seen, end=broken.end, error=broken.words) if broken else seen

    def _steps(self, hands: Hands) -> tuple[Stage | None, Broken | None, dict[str, Any]]:
        """Return at which step it broke and how, and what the answer was."""
        with self._timed(Stage.HANDSHAKE):
            broken = hands.shake()
        if broken:
            return Stage.HANDSHAKE, broken, {}
        if broken := hands.wait_for_refusal():
            return Stage.AFTER, broken, {}
        if not self.question.path:
            return None, None, {}
        with self._timed(Stage.REQUEST):
            answer, broken = hands.ask()
        return Stage.REQUEST if broken else None, broken, {"status": answer.status, "page": answer.page}

    def _may_ask_later(self, seen: Seen) -> bool:
        """Return whether a refusal under TLS 1.3 may be for want of a certificate that only TLS 1.2 lets the server ask for now."""
        unasked = self.question.closely and not self.question.asks_later and not seen.asked_for_certificate and not seen.asks_later
        return bool(unasked and seen.protocol == "TLSv1.3" and seen.status is not None and seen.status >= _REFUSING)

    def _asks_later(self, address: str) -> bool:
        """Return whether the server asks after the handshake where it can: in a connection by TLS 1.2, which presents nothing."""
        question = replace(self.question, certificate=b"")
        try:
            plain = self._connected(address)
        except OSError:
            return False
        with plain:
            hands = Hands(question, plain, self.deadline)
            hands.make_ready(_server_name(question.target), self.bundle, newest=SSL.TLS1_2_VERSION)
            if not hands.shake():
                hands.ask()
            return hands.seen().asks_later

    @contextmanager
    def _timed(self, stage: Stage) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.took[stage] = round((time.monotonic() - began) * 1000)


def _first(addresses: list[str]) -> str:
    """Return where to connect to: IPv4 first, as the gateway does."""
    return min(addresses, key=lambda one: ":" in one)


def _server_name(target: Target) -> str:
    if target.server_name:
        return target.server_name
    try:
        ipaddress.ip_address(target.host)
    except ValueError:
        return target.host
    return ""


def _unknown(error: Exception) -> End:
    return End.NO_SUCH_NAME if isinstance(error, UnicodeError) or getattr(error, "errno", None) in _UNKNOWN_NAMES else End.NO_NAME_SERVER


def _unreached(error: OSError) -> End:
    if isinstance(error, TimeoutError):
        return End.SILENCE
    return End.UNROUTABLE if error.errno in _UNROUTABLE else End.REFUSED
