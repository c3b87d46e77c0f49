"""Which back ends choose HTTP/2: asked in a TLS handshake of the control plane's own, because Envoy does not tell.

How often a call is tried again goes by it (:mod:`gateway.compile.calls.retries`). What a gateway sees counts as well: it may stand
elsewhere.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from apis.addresses import callable_address
from apis.handshake.reach import Network

ASK_AGAIN_SECONDS = 600.0
_FIRST_PAUSE = 1.0  # after which one is asked again that did not answer; then ever more
_HANDSHAKE_SECONDS = 3.0
_ASKING_AT_ONCE = 4
HTTP2 = "h2"  # its name in ALPN (RFC 9113, 3.1)


class BackEnd(NamedTuple):
    """Where a back end is."""

    host: str
    port: int


class Handshakes:
    """Asks back ends, a few at once, and keeps what they have chosen. Used by one thread; the asking is done by others."""

    def __init__(self, *, allowed: Iterable[Network]) -> None:
        """Begin with nothing known.

        :param allowed: networks whose loopback addresses may be asked (``PORTAL_ALLOWED_BACKEND_NETWORKS``)
        """
        self._allowed = tuple(allowed)
        self._chosen: dict[BackEnd, bool] = {}
        self._next: dict[BackEnd, float] = {}  # when each is asked again
        self._pauses: dict[BackEnd, float] = {}  # of those that have not answered
        self._to_ask: queue.SimpleQueue[BackEnd] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[BackEnd, bool | None]] = queue.SimpleQueue()

    def start(self, start_thread: Callable[[str, Callable[[], None]], object]) -> None:
        """Start the threads that ask. They end with the process.

        :param start_thread: starts a thread of this name
        """
        for number in range(_ASKING_AT_ONCE):
            start_thread(f"handshakes-{number}", self._keep_asking)

    def chooses_http2(self, back_end: BackEnd) -> bool:
        """Return whether a back end has chosen HTTP/2; one that is not known is asked, and its answer is among the :meth:`news`."""
        if back_end not in self._next:
            self._ask(back_end, time.monotonic())
        return self._chosen.get(back_end, False)

    def told(self, back_end: BackEnd) -> None:
        """Take in that a gateway has seen a back end speak HTTP/2, which may not be reachable from here."""
        self._answers.put((back_end, True))

    def news(self) -> set[BackEnd]:
        """Return the back ends that have chosen otherwise than was known; ask those again whose time has come."""
        now = time.monotonic()
        changed = set()
        with contextlib.suppress(queue.Empty):
            while True:
                back_end, http2 = self._answers.get_nowait()
                if http2 is None:
                    self._pauses[back_end] = min(2 * self._pauses.get(back_end, _FIRST_PAUSE / 2), ASK_AGAIN_SECONDS)
                    self._next[back_end] = now + self._pauses[back_end]
                    continue
                self._pauses.pop(back_end, None)
                self._next[back_end] = now + ASK_AGAIN_SECONDS
                if self._chosen.get(back_end, False) != http2:
                    self._chosen[back_end] = http2
                    changed.add(back_end)
        for back_end in [one for one, due in self._next.items() if due <= now]:
            self._ask(back_end, now)
        return changed

    def keep(self, back_ends: Collection[BackEnd]) -> None:
        """Forget all others."""
        for known in (self._chosen, self._next, self._pauses):
            for gone in known.keys() - set(back_ends):
                del known[gone]

    def _ask(self, back_end: BackEnd, now: float) -> None:
        self._next[back_end] = now + ASK_AGAIN_SECONDS
        self._to_ask.put(back_end)

    def _keep_asking(self) -> None:
        while True:
            back_end = self._to_ask.get()
            try:
                self._answers.put((back_end, _chosen_by(back_end, self._allowed) == HTTP2))
            except (OSError, ValueError):  # not reachable from here now, or its name is none that can be looked up: what is known stays
                self._answers.put((back_end, None))


def _chosen_by(back_end: BackEnd, allowed: tuple[Network, ...]) -> str | None:
    """Return what a back end chooses of HTTP/2 and 1.1.

    :raises OSError: if it cannot be reached, or may not be
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent and nothing believed but the choice
    context.set_alpn_protocols([HTTP2, "http/1.1"])
    address = callable_address(back_end.host, back_end.port, allowed)
    connection = socket.create_connection((address, back_end.port), timeout=_HANDSHAKE_SECONDS)
    with context.wrap_socket(connection, server_hostname=back_end.host, do_handshake_on_connect=False) as shaking:
        with contextlib.suppress(ssl.SSLError):  # one that demands a certificate has chosen before it breaks off
            shaking.do_handshake()
        return shaking.selected_alpn_protocol()
