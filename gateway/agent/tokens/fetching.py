"""One question to a token endpoint (RFC 6749, 4.4.2), and what it answers. [pure]

Only addresses that a back end may have are called, judged once its name was looked up. Redirects are not followed, no proxy is asked, and
how long it takes and how much comes back is limited. Nothing that is said of a failure holds a secret.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote_plus, urlencode, urlsplit

from apis.deadline import limited
from apis.handshake.reach import addresses_of, callable_ones
from apis.policy.oauth import ClientAuthentication
from gateway.compile.backends.token_source import TokenSource

_CONNECT_SECONDS, _TOTAL_SECONDS = 5.0, 10.0
_MOST_BYTES = 65536
_USUAL_SECONDS = 300  # where the answer does not say how long a token lasts
_MOST_SECONDS = 10 * 86400
_OK, _HTTPS = 200, 443
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*\Z")  # RFC 6750, 2.1
_WORD = re.compile(r"[A-Za-z0-9._-]{1,60}\Z")


class Unfetched(Exception):
    """There is no token; the message is a few words for people: an error of RFC 6749, 5.2, or why nobody could be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token and how many seconds it lasts, from when it was asked for."""

    value: str = field(repr=False)
    seconds: float


def fetch(source: TokenSource, *, bundle: Path | None) -> Token:
    """Return a token.

    :param bundle: the file of the system's authorities
    :raises Unfetched: if there is none
    """
    place = urlsplit(source.endpoint)
    try:
        with _connected(source, place) as plain, limited(plain, seconds=_TOTAL_SECONDS) as over:
            try:
                return _token(*_asked(source, place, plain, bundle))
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise Unfetched("it did not answer in time" if over.is_set() else _words(error)) from error
    except ssl.SSLError as error:
        raise Unfetched(_words(error)) from error


@contextlib.contextmanager
def _connected(source: TokenSource, place: SplitResult) -> Iterator[socket.socket]:
    host, port = place.hostname or "", place.port or _HTTPS
    try:
        found = callable_ones(addresses_of(host, port), map(ip_network, source.allowed))
    except (OSError, UnicodeError) as error:
        raise Unfetched("its host name has no address") from error
    if not found:
        raise Unfetched("its address may not be called")
    try:
        plain = socket.create_connection((min(found, key=lambda one: ":" in one), port), timeout=_CONNECT_SECONDS)
    except OSError as error:
        raise Unfetched("it cannot be reached") from error
    with plain:
        yield plain


def _asked(source: TokenSource, place: SplitResult, plain: socket.socket, bundle: Path | None) -> tuple[int, bytes]:
    """Return the status of the answer and its body."""
    headers, fields = _proof(source)
    body = urlencode({"grant_type": "client_credentials", **fields}).encode()
    connection = http.client.HTTPConnection(place.hostname or "", place.port or _HTTPS)
    connection.sock = _context(source, bundle).wrap_socket(plain, server_hostname=place.hostname)
    headers |= {"Host": place.netloc, "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    target = (place.path or "/") + (f"?{place.query}" if place.query else "")
    connection.request("POST", target, body, {**headers, "User-Agent": "publisher-portal", "Connection": "close"})
    with contextlib.closing(connection), connection.getresponse() as answer:
        content = answer.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise Unfetched("its answer is larger than 64 KiB")
        return answer.status, content


def _proof(source: TokenSource) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers and the fields that say who asks, and for what."""
    fields = {name: value for name, value in (("scope", source.scope), ("audience", source.audience)) if value}
    match source.authenticates_by:
        case ClientAuthentication.BASIC:  # each part encoded by itself first (RFC 6749, 2.3.1)
            pair = f"{quote_plus(source.client_id)}:{quote_plus(source.secret)}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, fields
        case ClientAuthentication.BODY:
            return {}, fields | {"client_id": source.client_id, "client_secret": source.secret}
        case _:
            return {}, fields | {"client_id": source.client_id}  # the certificate says the rest (RFC 8705, 2)


def _context(source: TokenSource, bundle: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=source.trusted_ca or None, cafile=None if source.trusted_ca or not bundle else str(bundle))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # any trusted certificate ends a path, as Envoy judges it
    if source.identity:
        _present(context, source.identity)
    return context


def _present(context: ssl.SSLContext, identity: str) -> None:
    """Present certificate and key; the library reads files alone, so they lie for a moment in one that is in memory and has no name."""
    descriptor = os.memfd_create("identity")
    try:
        os.write(descriptor, identity.encode())
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _token(status: int, body: bytes) -> Token:
    said = _said(body)
    if status != _OK:
        error = str(said.get("error", ""))
        raise Unfetched(error if _WORD.match(error) else f"it answered with status {status}")
    value, kind = said.get("access_token"), str(said.get("token_type", ""))
    if not isinstance(value, str) or not _TOKEN.match(value):
        raise Unfetched("its answer holds no token that can be sent")
    if kind.lower() != "bearer":
        raise Unfetched("its token is of another kind than Bearer")
    if (seconds := _seconds(said.get("expires_in"))) <= 0:
        raise Unfetched("its token has ended already")
    return Token(value=value, seconds=seconds)


def _said(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(said: Any) -> float:
    """Return how long a token lasts; some write the number as a text."""
    try:
        seconds = float(said) if said is not None else _USUAL_SECONDS
    except (TypeError, ValueError):
        seconds = _USUAL_SECONDS
    except OverflowError:  # a whole number of hundreds of digits
        seconds = _MOST_SECONDS
    return min(seconds, _MOST_SECONDS) if seconds == seconds else _USUAL_SECONDS  # noqa: PLR0124 - no number


def _words(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate could not be verified: {error.verify_message}"
        case ssl.SSLError():
            return f"no secure connection came about: {error.reason or 'TLS'}"
        case TimeoutError():
            return "it did not answer in time"
        case _:
            return "it answered with what is not HTTP, or hung up"
