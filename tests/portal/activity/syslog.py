"""Real receivers of syslog: by TCP, by TLS, by a socket of this machine."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

_MESSAGE = re.compile(rb"(\d+) ")


class Receiver:
    """Takes messages on a stream, each after its length; keeps them."""

    def __init__(self, listening: socket.socket, *, tls: ssl.SSLContext | None = None) -> None:
        self._listening, self._tls = listening, tls
        self.messages: list[bytes] = []
        self.hang_up_after = 0  # messages of a connection; 0: never
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def wait_for(self, number: int, seconds: float = 20) -> list[bytes]:
        """Return the messages, once there are so many."""
        until(lambda: len(self.messages) >= number, seconds)
        return self.messages

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self._tls:
                with self._tls.wrap_socket(connection, server_side=True) as encrypted:
                    self._take(encrypted)
            else:
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        kept, taken = b"", 0
        while part := connection.recv(65536):
            kept += part
            while (head := _MESSAGE.match(kept)) and len(kept) >= head.end() + int(head[1]):
                end = head.end() + int(head[1])
                self.messages.append(kept[head.end() : end])
                kept, taken = kept[end:], taken + 1
                if taken == self.hang_up_after:
                    return


@contextlib.contextmanager
def by_tcp(*, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Yield one at a free port."""
    with Receiver(socket.create_server(("127.0.0.1", 0)), tls=tls) as receiver:
        yield receiver


@contextlib.contextmanager
def datagrams(path: Path) -> Iterator[list[bytes]]:
    """Yield what arrives at a socket such as /dev/log."""
    arrived: list[bytes] = []
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(path))
    listening.settimeout(0.1)
    ended = threading.Event()

    def take() -> None:
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                arrived.append(listening.recv(65536))

    thread = threading.Thread(target=take)
    thread.start()
    yield arrived
    ended.set()
    thread.join()
    listening.close()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until *condition* holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
