"""Ports for servers that are about to start. [pure]"""

from __future__ import annotations

import contextlib
import random
import socket

_AMONG = (20000, 32000)  # below those that outgoing connections, and servers that ask for any port, are given
_RANDOM = random.SystemRandom()  # the other one is seeded before each test, alike in all workers


def free_ports(count: int) -> list[int]:
    """Return *count* ports of the loopback address that nobody listens on."""
    ports: list[int] = []
    while len(ports) < count:
        port = _RANDOM.randrange(*_AMONG)
        with contextlib.suppress(OSError):
            socket.create_server(("127.0.0.1", port)).close()
            ports.append(port)
    return ports


def free_port() -> int:
    """Return one of them."""
    return free_ports(1)[0]
