"""Getting a document from a URL, under the address rules of Web service URLs: judged when its name was resolved, and that is connected to.

Redirects are followed a few times, each judged the same way. No proxy is asked, nothing of the caller's goes along, and how large the
document is and how long it takes is limited.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.addresses import callable_address
from apis.deadline import limited
from apis.definitions.model import MOST_BYTES
from apis.service_url import BadServiceUrl, ServiceUrl, check

_CONNECT_SECONDS, _TOTAL_SECONDS = 5.0, 20.0
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_IN_QUERY = "!$%&'()*+,-./:;=?@_~[]"  # what stays as it was written
_ACCEPT = "application/vnd.oai.openapi, application/json, application/yaml, text/yaml, */*;q=0.5"


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
    with _connected(place) as plain, limited(plain, seconds=_TOTAL_SECONDS) as over:
        try:
            return _exchange(_secured(plain, place), place, urlsplit(url).query)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _unfetched(place, error, over=over.is_set()) from error


def _unfetched(place: ServiceUrl, error: Exception, *, over: bool) -> Unfetched:
    if over or isinstance(error, TimeoutError):
        return Unfetched(_("%(host)s did not send the document in time.") % {"host": place.host})
    if isinstance(error, ssl.SSLError):
        words = {"host": place.host, "reason": getattr(error, "verify_message", "") or error.reason or "TLS"}
        return Unfetched(_("No secure connection to %(host)s: %(reason)s.") % words)
    return Unfetched(_("%(host)s answered with what is not HTTP, or hung up.") % {"host": place.host})


@contextlib.contextmanager
def _connected(place: ServiceUrl) -> Iterator[socket.socket]:
    try:
        address = callable_address(place.host, place.port, settings.ALLOWED_BACKEND_NETWORKS)
    except (socket.gaierror, UnicodeError) as error:
        raise Unfetched(_("There is no host %(host)s.") % {"host": place.host}) from error
    except OSError as error:
        raise Unfetched(_("The host name leads to an address that nothing may be fetched from.")) from error
    try:
        plain = socket.create_connection((address, place.port), timeout=_CONNECT_SECONDS)
    except OSError as error:
        raise Unfetched(_("%(host)s cannot be reached from the portal.") % {"host": place.host}) from error
    with plain:
        yield plain


def _secured(plain: socket.socket, place: ServiceUrl) -> socket.socket:
    if place.scheme != "https":
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=place.host)


def _exchange(secured: socket.socket, place: ServiceUrl, query: str) -> bytes | str:
    parts = urlsplit(place.text)
    connection = http.client.HTTPConnection(place.host, place.port)
    connection.sock = secured
    headers = {"Host": parts.netloc, "User-Agent": "publisher-portal", "Accept": _ACCEPT, "Connection": "close"}
    target = (parts.path or "/") + (f"?{quote(query, safe=_IN_QUERY)}" if query else "")
    connection.request("GET", target, headers=headers)
    with contextlib.closing(connection), connection.getresponse() as answer:
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
