"""Posting to a URL that an Administrator has entered, under the address guard (:mod:`apis.reaching`).

Nothing that comes back is shown to anybody. What an exception of a library says may hold the URL, which is secret: so it goes no further
than here.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field

from django.conf import settings

from apis.reaching import NotReached, Why, reached
from notices.models import Outcome
from notices.places import Place

_TOTAL_SECONDS = 15.0
_MOST_BYTES = 64 * 1024
_OUTCOMES = {
    Why.NO_SUCH_NAME: Outcome.UNKNOWN_NAME,
    Why.NOT_ALLOWED: Outcome.NOT_ALLOWED,
    Why.NO_CONNECTION: Outcome.UNREACHABLE,
    Why.NO_TLS: Outcome.NO_TLS,
    Why.HUNG_UP: Outcome.UNREACHABLE,
    Why.TOO_SLOW: Outcome.TOO_SLOW,
    Why.NO_HTTP: Outcome.NO_ANSWER,
}


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
    try:
        trusted = settings.NOTICES_CA
        with reached(place.host, place.port, by_tls=place.by_tls, seconds=_TOTAL_SECONDS, authorities=trusted) as connection:
            return _exchange(connection, place, request)
    except NotReached as error:
        raise Undelivered(_OUTCOMES[error.why]) from error


def _exchange(connection: http.client.HTTPConnection, place: Place, request: Request) -> Answer:
    ours = {"Host": place.authority, "User-Agent": "publisher-portal", "Content-Type": "application/json; charset=utf-8"}
    headers = {**ours, **request.headers, "Connection": "close"}
    connection.request("POST", place.target(request.query), body=request.body, headers=headers)
    with connection.getresponse() as answer:
        return Answer(answer.status, answer.read(_MOST_BYTES))
