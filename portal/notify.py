"""Tells systemd how a process of ours is: ready, ending, alive (sd_notify(3)). Where nothing was started by it, nobody is told. [pure]"""

from __future__ import annotations

import contextlib
import os
import socket

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"
_WAIT_SECONDS = 1.0
NAMES = frozenset({"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})  # the environment of whoever is to tell


def tell(state: str, words: str = "") -> None:
    """Tell *state*, and in *words* what the process is at, which ``systemctl status`` shows.

    Whoever does not read holds nobody up: after ten messages the kernel would (``net.unix.max_dgram_qlen``). That the process is alive is
    told again soon, and waits not at all; the rest waits a second.
    """
    if not (address := os.environ.get("NOTIFY_SOCKET")):
        return
    name = f"\0{address[1:]}" if address.startswith("@") else address
    message = "\n".join(filter(None, (state, f"STATUS={words}" if words else "")))
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:  # nobody there: no reason to end
        told.settimeout(0 if state == ALIVE else _WAIT_SECONDS)
        told.sendto(message.encode(), name)


def watchdog_seconds() -> float | None:
    """Return how often this process has to tell that it is alive (half of what systemd waits for); ``None`` if it need not."""
    microseconds, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", str(os.getpid()))
    return int(microseconds) / 2_000_000 if microseconds.isdecimal() and process == str(os.getpid()) else None
