"""Connections to what people have named by a URL, under the address guard: it judges what was resolved, and that is connected to.

No proxy is asked and no redirect followed. How long all of it takes is limited.
"""

from __future__ import annotations

import contextlib
import enum
import http.client
import socket
import ssl
from collections.abc import Iterator

from django.conf import settings

from apis.addresses import callable_address
from apis.deadline import limited

_CONNECT_SECONDS = 5.0


class Why(enum.Enum):
    """Why there was no answer."""

    NO_SUCH_NAME = enum.auto()
    NOT_ALLOWED = enum.auto()
    NO_CONNECTION = enum.auto()
    NO_TLS = enum.auto()
    HUNG_UP = enum.auto()
    TOO_SLOW = enum.auto()
    NO_HTTP = enum.auto()


class NotReached(Exception):
    """There was no answer.

    :ivar why: of which kind the failure is
    :ivar reason: of TLS, in the library's words; never a part of a URL
    """

    def __init__(self, why: Why, reason: str = "") -> None:
        """Hold both."""
        super().__init__(why.name)
        self.why, self.reason = why, reason


@contextlib.contextmanager
def reached(host: str, port: int, *, by_tls: bool, seconds: float, authorities: str = "") -> Iterator[http.client.HTTPConnection]:
    """Yield a connection for one request; what goes wrong while the block uses it is told alike.

    :param authorities: a PEM file with those that are trusted besides the system's
    :raises NotReached: if nothing was reached, or it did not answer
    """
    with _connected(host, port) as plain, limited(plain, seconds=seconds) as over:
        try:
            connection = http.client.HTTPConnection(host, port)
            connection.sock = _secured(plain, host, authorities) if by_tls else plain
            with contextlib.closing(connection):
                yield connection
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _not_reached(error, over=over.is_set()) from error


@contextlib.contextmanager
def _connected(host: str, port: int) -> Iterator[socket.socket]:
    try:
        address = callable_address(host, port, settings.ALLOWED_BACKEND_NETWORKS)
    except (socket.gaierror, UnicodeError) as error:
        raise NotReached(Why.NO_SUCH_NAME) from error
    except OSError as error:
        raise NotReached(Why.NOT_ALLOWED) from error
    try:
        plain = socket.create_connection((address, port), timeout=_CONNECT_SECONDS)
    except OSError as error:
        raise NotReached(Why.NO_CONNECTION) from error
    with plain:
        yield plain


def _secured(plain: socket.socket, host: str, authorities: str) -> socket.socket:
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(cafile=authorities)
    return context.wrap_socket(plain, server_hostname=host)


def _not_reached(error: Exception, *, over: bool) -> NotReached:
    match error:
        case _ if over or isinstance(error, TimeoutError):
            return NotReached(Why.TOO_SLOW)
        case ssl.SSLError():
            return NotReached(Why.NO_TLS, getattr(error, "verify_message", "") or error.reason or "TLS")
        case OSError():
            return NotReached(Why.HUNG_UP)
        case _:
            return NotReached(Why.NO_HTTP)
