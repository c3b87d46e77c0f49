"""Is a Web service URL one that the gateway may call? Pure but for :func:`refusals_of_resolved`, which asks the resolver."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from threading import Thread
from urllib.parse import SplitResult, urlsplit

import idna
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.addresses import METADATA_HOSTS, NotAnAddress, address_of, refusal_of
from apis.handshake.reach import Address, Network

_RESOLVER_SECONDS = 2.0
_resolved: ContextVar[dict[str, list[Address]] | None] = ContextVar("resolved", default=None)
LONGEST = 2000
TOO_LONG = _("A URL has at most 2000 characters.")
_MAX_HOST = 253
_DEFAULT_PORTS = {"https": 443, "http": 80}
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\ufeff\\]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
# RFC 3986, pchar and the slash: what may stand in a path.
_PATH = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*\Z")
_IPV6_WITHOUT_BRACKETS = re.compile(r"(?:\[[^\[\]:]*\]|\[[^\[\]]*\][^:]|[^\[\]]*:[^\[\]]*:)")
_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)


class BadServiceUrl(ValueError):
    """A URL that the gateway may not call.

    :ivar faults: one sentence per fault
    """

    def __init__(self, faults: list[Promise]) -> None:
        """Hold the faults."""
        super().__init__(" ".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUrl:
    """A checked Web service URL."""

    text: str  # as it was written, but scheme and host in lower case, the host in ASCII without a final dot, an address in its usual form
    scheme: str
    host: str
    port: int


def check(url: str, *, allowed: Iterable[Network]) -> ServiceUrl:
    """Return *url* in its normal form.

    :param allowed: networks whose loopback addresses are fine (``PORTAL_ALLOWED_BACKEND_NETWORKS``)
    :raises BadServiceUrl: with every fault it has
    """
    if _BLANK_OR_CONTROL.search(url):
        raise BadServiceUrl([_("A URL has no spaces, backslashes or invisible characters.")])
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadServiceUrl([_("This is not a URL; it looks like https://orders.example.com/v2.")]) from error
    if _IPV6_WITHOUT_BRACKETS.match(parts.netloc.rpartition("@")[2]):
        raise BadServiceUrl([_("Write an IPv6 address in brackets, and nothing but a port behind them: https://[2001:db8::1]:8443.")])
    faults = list(_faults_of_form(url, parts))
    host = _host(parts, faults)
    port = _port(parts, faults)
    if host:
        faults += _faults_of_host(host, tuple(allowed))
    if faults:
        raise BadServiceUrl(faults)
    host = _usual(host)
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = f":{parts.port}" if parts.port else ""
    text = f"{parts.scheme}://{shown_host}{shown_port}{parts.path}"
    if max(len(url), len(text)) > LONGEST:
        raise BadServiceUrl([TOO_LONG])
    return ServiceUrl(text=text, scheme=parts.scheme, host=host, port=port or _DEFAULT_PORTS[parts.scheme])


def refusals_of_resolved(host: str, *, allowed: Iterable[Network]) -> list[Promise]:
    """Return why the addresses that *host* resolves to now are refused; nothing if it does not resolve (within two seconds).

    A name may come to life later or only where the gateway stands, so that not resolving is no fault.
    """
    if address_of(host) is not None or _is_localhost(host):
        return []
    networks = tuple(allowed)
    found: dict[Promise, None] = {}
    for address in _resolve(host):
        if refusal := refusal_of(address, allowed=networks):
            found[refusal] = None
    if not found:
        return []
    return [_("The host name leads to an address that no API may reach."), *found]


def is_plain_http(url: str) -> bool:
    """Tell whether calls to *url* are unencrypted."""
    return url.startswith("http://")


def _faults_of_form(url: str, parts: SplitResult) -> Iterator[Promise]:
    if not parts.scheme or not url[len(parts.scheme) :].startswith("://"):
        yield _("Begin with https:// (or http://), for instance https://orders.example.com/v2.")
    elif parts.scheme not in _DEFAULT_PORTS:
        yield _("Back ends are called by https (or http), by no other scheme.")
    elif not parts.hostname:
        yield _("The host is missing, for instance https://orders.example.com.")
    if "@" in parts.netloc:
        yield _("A URL holds no user name or password; enter them under Security, as HTTP basic.")
    if "?" in url:
        yield _("Leave out the query (from the question mark on); callers send theirs.")
    if "#" in url:
        yield _("Leave out the fragment (from the # on); it is never sent.")
    if not _PATH.match(parts.path):
        yield _("The path holds characters that must be percent-encoded, such as %20 for a space.")
    elif _DOT_SEGMENT.search(parts.path):
        yield _("The path holds . or .. as a segment; write the path it leads to.")
    elif parts.path.endswith("//"):
        yield _("The path ends with several slashes; write one or none.")


def _host(parts: SplitResult, faults: list[Promise]) -> str:
    """Return the host in ASCII, lower case, without a final dot; empty, with a fault noted, if there is none."""
    host = parts.hostname or ""
    if not host or ":" in host:
        return host
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True, transitional=False).decode()
    except idna.IDNAError:
        name = ""
    name = name.lower().removesuffix(".")
    if len(name) > _MAX_HOST or not all(_LABEL.match(label) for label in name.split(".")):
        faults.append(_("This is not a host name: parts of 1 to 63 letters, digits and hyphens with dots between them."))
        return ""
    return name


def _usual(host: str) -> str:
    """Return *host*, an IPv6 address in its shortest form, or as the IPv4 address that it stands for: certificates are compared with it."""
    if ":" not in host:
        return host
    address = IPv6Address(host)
    return str(address.ipv4_mapped or address)


def _port(parts: SplitResult, faults: list[Promise]) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        faults.append(_("The port is a number from 1 to 65535."))
    return port


def _faults_of_host(host: str, allowed: tuple[Network, ...]) -> Iterator[Promise]:
    if host in METADATA_HOSTS:
        yield _("This is the name of a cloud's metadata service, which no API may reach.")
        return
    if _is_localhost(host):
        if refusal := refusal_of(ip_address("127.0.0.1"), allowed=allowed):
            yield refusal
        return
    try:
        address = address_of(host)
    except NotAnAddress:
        yield _("This looks like an address but is none.")
        return
    if address is None:
        return
    if refusal := refusal_of(address, allowed=allowed):
        yield refusal
    elif str(address) != host and ":" not in host:
        yield _("Write the address in its usual form, four numbers with dots between them.")


def _is_localhost(host: str) -> bool:
    """Tell whether a name is the gateway's own machine (RFC 6761), whatever a resolver says."""
    return host == "localhost" or host.endswith((".localhost", ".localdomain")) or host in {"ip6-localhost", "ip6-loopback"}


@contextmanager
def resolving_once() -> Iterator[None]:
    """Ask the resolver once for each host while the block runs: thousands of APIs may lead to the same one, which no resolver knows."""
    token = _resolved.set({})
    try:
        yield
    finally:
        _resolved.reset(token)


def _resolve(host: str) -> list[Address]:
    """Return what a host resolves to."""
    if (known := _resolved.get()) is None:
        return _asked(host)
    if host not in known:
        known[host] = _asked(host)
    return known[host]


def _asked(host: str) -> list[Address]:
    """Ask the resolver, in a thread of its own because it knows no time limit."""
    answer: Future[list[Address]] = Future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            found = []
        answer.set_result([ip_address(str(one[4][0]).partition("%")[0]) for one in found])

    Thread(target=ask, daemon=True).start()
    try:
        return answer.result(timeout=_RESOLVER_SECONDS)
    except TimeoutError:
        return []
