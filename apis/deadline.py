"""A connection that ends when its time is over, however slowly something goes on coming. [pure]"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def limited(plain: socket.socket, *, seconds: float) -> Iterator[threading.Event]:
    """Hang up after *seconds*; the event tells that it was so."""
    over = threading.Event()
    with plain.dup() as same:

        def hang_up() -> None:
            over.set()
            with contextlib.suppress(OSError):  # the other side has
                same.shutdown(socket.SHUT_RDWR)

        ends = threading.Timer(seconds, hang_up)
        ends.daemon = True
        ends.start()
        try:
            yield over
        finally:
            ends.cancel()
            ends.join()
