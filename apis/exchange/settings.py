"""The settings that a document suggests for an API: display name, description, Web service URL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from django.conf import settings

from apis.definitions.model import Aside, Definition, Why
from apis.definitions.servers import is_absolute
from apis.exchange.planning import description_of, title_of
from apis.service_url import BadServiceUrl, check


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What stands in the document, in the form of an API's settings; the Web service URL is not yet checked."""

    display_name: str
    description: str
    service_url: str


def suggested_by(definition: Definition, *, origin: str = "") -> tuple[Suggested, list[Aside]]:
    """Return the settings that *definition* suggests, and what is to be said of them.

    :param origin: the URL where the document was; relative servers are relative to it
    """
    server = urljoin(origin, definition.server) if origin and definition.server else definition.server
    asides = list(_asides(server))
    usable = server if is_absolute(server) else ""
    found = Suggested(display_name=title_of(definition), description=description_of(definition), service_url=usable)
    return found, asides


def refusal_of(url: str) -> str:
    """Return why the gateway may not call *url*, empty if it may."""
    try:
        check(url, allowed=settings.ALLOWED_BACKEND_NETWORKS)
    except BadServiceUrl as refusal:
        return " ".join(str(fault) for fault in refusal.faults)
    return ""


def _asides(server: str) -> Iterator[Aside]:
    if not server:
        yield Aside(Why.NO_SERVER)
    elif not is_absolute(server):
        yield Aside(Why.RELATIVE_SERVER, detail=server)
