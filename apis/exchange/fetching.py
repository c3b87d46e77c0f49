"""Getting a document from a URL, under the address rules of Web service URLs (:mod:`apis.reaching`).

Redirects are followed a few times, each judged the same way. Nothing of the caller's goes along, and how large the document is and how
long it takes is limited.
"""

from __future__ import annotations

import http.client
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.definitions.model import MOST_BYTES
from apis.reaching import NotReached, Why, reached
from apis.service_url import BadServiceUrl, ServiceUrl, check

_TOTAL_SECONDS = 20.0
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_IN_QUERY = "!$%&'()*+,-./:;=?@_~[]"  # what stays as it was written
_ACCEPT = "application/vnd.oai.openapi, application/json, application/yaml, text/yaml, */*;q=0.5"
_NO_HTTP = _("%(host)s answered with what is not HTTP, or hung up.")
_SENTENCES = {
    Why.NO_SUCH_NAME: _("There is no host %(host)s."),
    Why.NOT_ALLOWED: _("The host name leads to an address that nothing may be fetched from."),
    Why.NO_CONNECTION: _("%(host)s cannot be reached from the portal."),
    Why.NO_TLS: _("No secure connection to %(host)s: %(reason)s."),
    Why.HUNG_UP: _NO_HTTP,
    Why.TOO_SLOW: _("%(host)s did not send the document in time."),
    Why.NO_HTTP: _NO_HTTP,
}


class Unfetched(Exception):
    """A document that could not be got.

    :ivar fault: a sentence
    """

    def __init__(self, fault: Promise | str) -> None:
        """Hold the sentence."""
        super().__init__(str(fault))
        self.fault = fault


def fetch(url: str) -> tuple[bytes, str]:
    """Return the document at *url*, and the URL that it was at in the end.

    :raises Unfetched: if there is none, or it may not be asked for
    """
    for _redirect in range(_MOST_REDIRECTS + 1):
        url = urldefrag(url.strip()).url
        answer = _ask(url, _place(url))
        if isinstance(answer, bytes):
            return answer, url
        url = urljoin(url, answer)
    raise Unfetched(_("The URL leads on and on from one address to the next. Enter the one where the document is."))


def _place(url: str) -> ServiceUrl:
    try:
        return check(url.partition("?")[0], allowed=settings.ALLOWED_BACKEND_NETWORKS)
    except BadServiceUrl as refusal:
        raise Unfetched(" ".join(str(fault) for fault in refusal.faults)) from refusal


def _ask(url: str, place: ServiceUrl) -> bytes | str:
    """Return the document, or where it is instead."""
    try:
        with reached(place.host, place.port, by_tls=place.scheme == "https", seconds=_TOTAL_SECONDS) as connection:
            return _exchange(connection, place, urlsplit(url).query)
    except NotReached as error:
        raise Unfetched(_SENTENCES[error.why] % {"host": place.host, "reason": error.reason}) from error


def _exchange(connection: http.client.HTTPConnection, place: ServiceUrl, query: str) -> bytes | str:
    parts = urlsplit(place.text)
    headers = {"Host": parts.netloc, "User-Agent": "publisher-portal", "Accept": _ACCEPT, "Connection": "close"}
    target = (parts.path or "/") + (f"?{quote(query, safe=_IN_QUERY)}" if query else "")
    connection.request("GET", target, headers=headers)
    with connection.getresponse() as answer:
        return _taken(answer)


def _taken(answer: http.client.HTTPResponse) -> bytes | str:
    """Return the document of an answer, or where the answer sends one.

    :raises Unfetched: if it is neither
    """
    if answer.status in _REDIRECTS and (location := answer.headers.get("Location")):
        return location
    if answer.status != _OK:
        raise Unfetched(_("The URL answers with status %(status)d, not with a document.") % {"status": answer.status})
    content = answer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Unfetched(_("The document is larger than 4 MiB."))
    return content
