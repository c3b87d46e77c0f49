"""Where lines can be forwarded to: standard output, or a syslog server by TCP, TLS or a socket of this machine (RFC 5424, RFC 6587). [pure]

Nobody acknowledges a syslog message. What comes next to it: the other side's system has acknowledged all bytes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import ssl
import struct
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

_SECONDS = 10.0
_LOOK_SECONDS = 0.005
_PORTS = {"syslog": 514, "syslog+tls": 6514}  # RFC 5425, 4.1


class Unknown(ValueError):
    """What ``PORTAL_ACTIVITY_FORWARD`` says is no place lines can go to."""


class Receiver(Protocol):
    """Takes messages."""

    framed: bool  # as syslog messages; else each is JSON alone

    def send(self, messages: Sequence[bytes]) -> None:
        """Return when all have gone; one that has, may go again.

        :raises OSError: if they did not
        """

    def close(self) -> None:
        """Hang up."""


def receiver_of(text: str, *, authority: Path | None = None) -> Receiver:
    """Return the receiver that *text* names; it connects when it is first used.

    :param authority: whom a server's certificate is checked against; ``None``: the system's
    :raises Unknown: if it names none
    """
    if text == "stdout":
        return StandardOutput()
    url = urlsplit(text)
    if url.scheme == "syslog+unix" and url.path and not url.netloc:
        return Syslog(lambda: _local(url.path))
    if url.scheme in _PORTS and url.hostname and url.path in {"", "/"}:
        return Syslog(_connect_to(url, authority))
    raise Unknown(
        f"PORTAL_ACTIVITY_FORWARD is {text}; it must be stdout, syslog://host:514, syslog+tls://host:6514 or syslog+unix:///dev/log."
    )


class StandardOutput:
    """The standard output of the process that forwards."""

    framed = False

    def send(self, messages: Sequence[bytes]) -> None:
        """Write them, one a line."""
        sys.stdout.write("".join(f"{message.decode()}\n" for message in messages))
        sys.stdout.flush()

    def close(self) -> None:
        """Leave it open."""


class Syslog:
    """A syslog server."""

    framed = True

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        """Speak over the socket that *connect* returns."""
        self._connect = connect
        self._socket: socket.socket | None = None

    def send(self, messages: Sequence[bytes]) -> None:
        """Send them, each after its length where they share a stream (RFC 6587, 3.4.1), and wait until the other side has them."""
        if self._socket is None:
            self._socket = self._connect()
        try:
            _require_open(self._socket)
            if self._socket.type == socket.SOCK_DGRAM:
                for message in messages:
                    self._socket.sendall(message)
                return
            self._socket.sendall(b"".join(b"%d %s" % (len(message), message) for message in messages))
            _wait_until_taken(self._socket)
            _require_open(self._socket)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Hang up; the next message connects again."""
        if self._socket:
            self._socket.close()
            self._socket = None


def _connect_to(url: SplitResult, authority: Path | None) -> Callable[[], socket.socket]:
    try:
        host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    except ValueError as error:
        raise Unknown(f"PORTAL_ACTIVITY_FORWARD names no port between 1 and 65535: {url.netloc}.") from error

    def connect() -> socket.socket:
        plain = socket.create_connection((host, port), timeout=_SECONDS)
        if url.scheme == "syslog":
            return plain
        try:
            return ssl.create_default_context(cafile=authority).wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise

    return connect


def _local(path: str) -> socket.socket:
    """Connect to a socket of this machine: /dev/log takes datagrams, others a stream."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        found = socket.socket(socket.AF_UNIX, kind)
        found.settimeout(_SECONDS)
        try:
            found.connect(path)
        except OSError as error:
            found.close()
            if kind == socket.SOCK_STREAM or error.errno != errno.EPROTOTYPE:
                raise
        else:
            return found
    raise AssertionError


def _require_open(connection: socket.socket) -> None:
    """Look whether the other side has hung up.

    :raises ConnectionError: if so
    """
    connection.setblocking(False)
    try:
        if connection.type == socket.SOCK_STREAM and connection.recv(1) == b"":
            raise ConnectionResetError("The receiver has hung up.")
    except (BlockingIOError, ssl.SSLWantReadError):
        pass
    finally:
        connection.settimeout(_SECONDS)


def _wait_until_taken(connection: socket.socket) -> None:
    """Wait until the other side's system has acknowledged every byte, where this one tells (Linux).

    :raises TimeoutError: if it does not
    """
    if sys.platform != "linux":
        return
    until = time.monotonic() + _SECONDS
    while struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0)))[0]:
        if time.monotonic() > until:
            raise TimeoutError("The receiver takes nothing.")
        time.sleep(_LOOK_SECONDS)


def host_name() -> str:
    """Return what a syslog message calls this machine: ASCII without blanks (RFC 5424, 6.2.4)."""
    return "".join(one for one in os.uname().nodename if "!" <= one <= "~")[:255] or "-"
