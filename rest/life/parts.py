"""What entries have besides their certificate, and files of configuration hold as well: rules of switches, owners and contacts."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from certificates.models import Certificate
from certificates.rollout.models import Rules
from rest.bodies import Properties
from rest.collection import Collection
from rest.configuration.context import Context
from rest.configuration.secrets.given import Given
from rest.configuration.sections.parts import PARTS
from rest.configuration.shape.checking import faults_of
from rest.envelope import Fault, Invalid
from rest.life.asked import READS, answered, entity, entry_of

Entries = Collection[Any, Any]
_RULES, _CONTACTS = "rules", "contacts"


def answer_rules(collection: Entries, name: str) -> HttpResponse:
    """Answer how the versions of an entry are switched to; PUT says all of it, what is not sent as it is for every entry."""
    row: Certificate = entry_of(collection, name, *READS, "PUT")
    if collection.call.request.method == "PUT":
        sent = collection.call.properties()
        _check(sent, known={_camel(one) for one in _rules_of(row)})
        _bring(collection, row, _RULES, {_snake(one): value for one, value in sent.values.items()})
        row = collection.get(name)
    shown = {_camel(one): value for one, value in _rules_of(row).items()}
    return answered(collection, entity(collection, row, (_RULES, _RULES), shown))


def answer_contacts(collection: Entries, name: str) -> HttpResponse:
    """Answer who is told of an entry; PUT says who is, and nobody else: ``person`` (a user name), or ``address`` and ``language``."""
    row: Certificate = entry_of(collection, name, *READS, "PUT")
    if collection.call.request.method == "PUT":
        sent = collection.call.properties()
        wanted = sent.records(_CONTACTS)
        if _CONTACTS not in sent:
            sent.refuse(_CONTACTS, _("This is required."))
        sent.check()
        _bring(collection, row, _CONTACTS, wanted)
        row = collection.get(name)
    return answered(collection, entity(collection, row, (_CONTACTS, _CONTACTS), {_CONTACTS: PARTS[_CONTACTS].show(row) or []}))


def _bring(collection: Entries, row: Certificate, part: str, wanted: Any) -> None:
    """Bring a part of an entry to what was sent.

    :raises Invalid: naming what cannot be as the client names it
    """
    call = collection.call
    context = Context(given=Given(), by=call.user, now=call.now)
    try:
        _check_shape(part, wanted)
        with transaction.atomic():
            PARTS[part].apply(context, row, wanted, part)
    except Invalid as refusal:
        faults = (Fault(_camel(one.target.removeprefix(f"{_RULES}.")), one.message) for one in refusal.faults)
        raise Invalid(*faults) from refusal


def _check_shape(part: str, wanted: Any) -> None:
    if faults := faults_of({part: wanted}, {"properties": {part: PARTS[part].shape()}}):
        raise Invalid(*faults)


def _rules_of(row: Certificate) -> dict[str, Any]:
    if not hasattr(row, "rules"):
        row.rules = Rules()  # what holds for every entry
    shown: dict[str, Any] = PARTS[_RULES].show(row)
    return shown


def _check(sent: Properties, *, known: set[str]) -> None:
    """Refuse what nobody knows."""
    for name in sorted(sent.values.keys() - known):
        sent.refuse(name, _("This is not known."))
    sent.check()


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _snake(name: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in name)
