"""The URLs that channels post to. Their path and query are secret: they are what lets somebody post. Pure but for the words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.addresses import METADATA_HOSTS, NotAnAddress, address_of, refusal_of
from apis.handshake.reach import Network

_PORTS = {"https": 443, "http": 80}
_PRINTABLE = re.compile(r"[!-~]+\Z")  # what may stand in a request line; the rest is percent-encoded


class BadUrl(ValueError):
    """A URL that nothing is posted to.

    :ivar fault: a sentence
    """

    def __init__(self, fault: Promise | str) -> None:
        """Hold the fault."""
        super().__init__("a URL that nothing is posted to")
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A checked URL, taken apart."""

    by_tls: bool
    host: str
    port: int
    authority: str  # what the Host header says
    _target: str = field(repr=False)

    def target(self, query: str = "") -> str:
        """Return path and query, *query* after the URL's own."""
        if not query:
            return self._target
        return f"{self._target}{'&' if '?' in self._target else '?'}{query}"


def place_of(url: str, *, allowed: Iterable[Network]) -> Place:
    """Return *url* taken apart. Whether its name leads to an address that may be posted to is only known when it was resolved.

    :param allowed: networks whose loopback addresses are fine
    :raises BadUrl: if it is none, or names an address that nothing is posted to
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUrl(_("This is not a URL; it looks like https://hooks.example.com/services/….")) from error
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in _PORTS or not host:
        raise BadUrl(_("This is not a URL; it looks like https://hooks.example.com/services/…."))
    if not _PRINTABLE.match(url):
        raise BadUrl(_("A URL has no spaces, and other characters than ASCII are percent-encoded in it. Copy it once more."))
    if "@" in parts.netloc or "#" in url:
        raise BadUrl(_("Leave out user name, password and fragment (from the # on); they are never sent."))
    if port == 0:
        raise BadUrl(_("The port is a number from 1 to 65535."))
    _refuse_addresses(host, tuple(allowed))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(by_tls=parts.scheme == "https", host=host, port=port or _PORTS[parts.scheme], authority=parts.netloc, _target=target)


def _refuse_addresses(host: str, allowed: tuple[Network, ...]) -> None:
    fault = _("Notices are not posted to this address: it is the portal's own machine, a cloud's metadata service or reserved.")
    try:
        address = address_of(host)
    except NotAnAddress as error:
        raise BadUrl(_("This looks like an address but is none.")) from error
    if host in METADATA_HOSTS or (address is not None and refusal_of(address, allowed=allowed)):
        raise BadUrl(fault)
