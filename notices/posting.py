"""Posting to a URL that an Administrator has entered, under the address guard: it judges what was resolved, and that is connected to.

No redirect is followed, no proxy asked, and nothing that comes back is shown to anybody. What an exception of a library says may hold the
URL, which is secret: so it goes no further than here.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings

from apis.addresses import callable_address
from apis.deadline import limited
from notices.models import Outcome
from notices.places import Place

_CONNECT_SECONDS = 5.0
_TOTAL_SECONDS = 15.0
_MOST_BYTES = 64 * 1024


class Undelivered(Exception):
    """A message did not arrive.

    :ivar outcome: why
    :ivar detail: a status, for instance; nothing that a stranger has said
    """

    def __init__(self, outcome: Outcome, detail: str = "") -> None:
        """Hold both."""
        super().__init__(outcome.value)
        self.outcome = outcome
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is posted.

    :ivar query: what is added to the URL's own, encoded
    """

    body: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes = field(repr=False)


def post(place: Place, request: Request) -> Answer:
    """Post *request* to *place* and return what came back, within fifteen seconds.

    :raises Undelivered: if nothing did
    """
    with _connected(place) as plain, limited(plain, seconds=_TOTAL_SECONDS) as over:
        try:
            return _exchange(_secured(plain, place), place, request)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Undelivered(Outcome.TOO_SLOW if over.is_set() else _outcome_of(error)) from error


def _outcome_of(error: Exception) -> Outcome:
    match error:
        case TimeoutError():
            return Outcome.TOO_SLOW
        case ssl.SSLError():
            return Outcome.NO_TLS
        case http.client.HTTPException() | ValueError():
            return Outcome.NO_ANSWER
        case _:
            return Outcome.UNREACHABLE


@contextlib.contextmanager
def _connected(place: Place) -> Iterator[socket.socket]:
    try:
        address = callable_address(place.host, place.port, settings.ALLOWED_BACKEND_NETWORKS)
    except (socket.gaierror, UnicodeError) as error:
        raise Undelivered(Outcome.UNKNOWN_NAME) from error
    except OSError as error:
        raise Undelivered(Outcome.NOT_ALLOWED) from error
    try:
        plain = socket.create_connection((address, place.port), timeout=_CONNECT_SECONDS)
    except OSError as error:
        raise Undelivered(Outcome.UNREACHABLE) from error
    with plain:
        yield plain


def _secured(plain: socket.socket, place: Place) -> socket.socket:
    if not place.by_tls:
        return plain
    context = ssl.create_default_context()
    if settings.NOTICES_CA:
        context.load_verify_locations(cafile=settings.NOTICES_CA)
    return context.wrap_socket(plain, server_hostname=place.host)


def _exchange(secured: socket.socket, place: Place, request: Request) -> Answer:
    connection = http.client.HTTPConnection(place.host, place.port)
    connection.sock = secured
    ours = {"Host": place.authority, "User-Agent": "publisher-portal", "Content-Type": "application/json; charset=utf-8"}
    headers = {**ours, **request.headers, "Connection": "close"}
    connection.request("POST", place.target(request.query), body=request.body, headers=headers)
    with contextlib.closing(connection), connection.getresponse() as answer:
        return Answer(answer.status, answer.read(_MOST_BYTES))
