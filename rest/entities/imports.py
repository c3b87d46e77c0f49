"""Definitions in the body of an API: ``format`` and ``value``, in older versions ``contentFormat`` and ``contentValue``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apis.definitions.model import Aside, Definition, Unreadable, Why
from apis.definitions.opening import open_definition
from apis.definitions.text import text_of
from apis.exchange import words
from apis.exchange.fetching import Unfetched, fetch
from apis.exchange.planning import Read, operations_of
from apis.exchange.settings import refusal_of, suggested_by
from apis.models import Api
from apis.service_url import check, refusals_of_resolved
from rest.bodies import Properties
from rest.envelope import Fault, Invalid

_INLINE = ("openapi", "openapi+json", "swagger-json")
_LINKS = ("openapi-link", "openapi+json-link", "swagger-link-json", "swagger-link")
_NAMES = (("format", "value"), ("contentFormat", "contentValue"))
_CONDUCT = "translateRequiredQueryParameters"
_MOST_TOLD = 20  # in headers, whose size clients limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A definition that came along with an API."""

    kind: str
    read: Read
    asides: list[Aside] = field(default_factory=list)

    def told(self) -> list[str]:
        """Return what is left out, in sentences: the first ones, and how many there are beside them."""
        sentences = [words.aside(one) for one in (*self.asides, *self.read.asides)]
        more = len(sentences) - _MOST_TOLD
        return sentences[:_MOST_TOLD] + ([_("%(number)d more parts of the document are left out.") % {"number": more}] if more > 0 else [])


def taken(sent: Properties, row: Api | None, *, whole: bool) -> tuple[Properties, Imported | None]:
    """Return the properties with what the definition among them says of the API, and its operations; none where none was sent.

    What the client has sent itself counts more than the document; an API that is there keeps its Web service URL.

    :raises Invalid: if the definition cannot be read
    """
    names = next((pair for pair in _NAMES if any(sent.values.get(name) not in {None, ""} for name in pair if _is_text(sent, name))), None)
    sent.unsupported(["wsdlSelector"], _("WSDL is not imported here."))
    if names is None:
        return sent, None
    form, value = _form(sent, *names)
    sent.check()
    if not whole:
        raise Invalid(Fault(names[0], _("Send a definition with PUT: it is the whole API.")))
    definition, origin = _opened(form, value, names[1])
    suggested, asides = _suggested(definition, origin, row)
    given = {name: one for name, one in sent.values.items() if one is not None}
    read = operations_of(definition, query_in_template=_conduct(sent))
    imported = Imported(kind=definition.kind, read=read, asides=asides)
    return Properties({**suggested, **given}, faults=sent.faults), imported


def fetched(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of an API with the document itself where they hold a link, so that nobody waits for it later.

    :raises Invalid: if it cannot be fetched
    """
    for form, value in _NAMES:
        if str(properties.get(form, "")).lower() in _LINKS and isinstance(properties.get(value), str):
            try:
                text = text_of(fetch(properties[value])[0])
            except Unfetched as refusal:
                raise Invalid(Fault(value, str(refusal.fault))) from refusal
            except Unreadable as refusal:
                raise Invalid(Fault(value, words.problem(refusal))) from refusal
            return {**properties, form: _INLINE[0], value: text}
    return dict(properties)


def _is_text(sent: Properties, name: str) -> bool:
    """Note a fault where the property is no text; tell whether it can be compared with one."""
    return isinstance(sent.values.get(name), str) or sent.text(name) != ""


def _form(sent: Properties, format_name: str, value_name: str) -> tuple[str, str]:
    form, value = sent.text(format_name, needed=True).lower(), sent.text(value_name, needed=True)
    if form and form not in {*_INLINE, *_LINKS}:
        known = {"format": form, "known": ", ".join((*_INLINE, *_LINKS))}
        sent.refuse(format_name, _("Definitions of the format %(format)s are not imported here, but these are: %(known)s.") % known)
    return form, value


def _conduct(sent: Properties) -> bool:
    said = sent.text(_CONDUCT, "template").lower()
    if said not in {"template", "query"}:
        sent.refuse(_CONDUCT, _("This is template or query."))
    return said != "query"


def _opened(form: str, value: str, name: str) -> tuple[Definition, str]:
    """Return the definition, and the URL that it was at.

    :raises Invalid: naming the property
    """
    try:
        data, origin = fetch(value) if form in _LINKS else (value.encode("utf-8", "replace"), "")
        return open_definition(data), origin
    except Unfetched as refusal:
        raise Invalid(Fault(name, str(refusal.fault))) from refusal
    except Unreadable as refusal:
        raise Invalid(Fault(name, words.problem(refusal))) from refusal


def _suggested(definition: Definition, origin: str, row: Api | None) -> tuple[dict[str, Any], list[Aside]]:
    """Return the properties that the document, or else the API that is there, gives where none were sent."""
    found, asides = suggested_by(definition, origin=origin)
    url = found.service_url
    if url and (refusal := _refusal(url)):
        asides.append(Aside(Why.REFUSED_SERVER, url, refusal))
        url = ""
    properties: dict[str, Any] = {"displayName": found.display_name, "description": found.description, "serviceUrl": url}
    if definition.schemes and set(definition.schemes) <= {"http", "https"}:
        properties["protocols"] = list(definition.schemes)
    if row:
        properties |= {"path": row.path, "subscriptionRequired": row.subscription_required}
        properties["displayName"] = found.display_name or row.display_name
        properties["serviceUrl"] = row.written_address or url
    return {name: one for name, one in properties.items() if one != ""} | ({"path": row.path} if row else {}), asides


def _refusal(url: str) -> str:
    """Return why the gateway may not call the document's server, empty if it may."""
    if refusal := refusal_of(url):
        return refusal
    allowed = settings.ALLOWED_BACKEND_NETWORKS
    return " ".join(str(one) for one in refusals_of_resolved(check(url, allowed=allowed).host, allowed=allowed))
