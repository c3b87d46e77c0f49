"""What a certificate entry renews itself from: shown, a watched place set, taken away."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from certificates import actions as certificate_actions
from certificates.models import Certificate
from certificates.pfx import Problem
from certificates.sources import actions
from certificates.sources.forms import WatchForm
from certificates.sources.models import Source
from certificates.sources.standing import source_of
from certificates.sources.trouble import Trouble
from rest.collection import NO_CONTENT, Collection
from rest.entities.certificates import BUSY_SECONDS
from rest.envelope import Fault, Invalid, NotFound, TooManyRequests
from rest.life.asked import READS, answered, entity, entry_of

Entries = Collection[Any, Any]
_PLACE = {"path": "path", "password_file": "passwordFile", "key_file": "keyFile", "chain_file": "chainFile"}


def answer_source(collection: Entries, name: str) -> HttpResponse:
    """Answer the source; PUT sets a watched place, DELETE lets people renew the entry again."""
    row: Certificate = entry_of(collection, name, *READS, "PUT", "DELETE")
    source = source_of(row)
    match collection.call.request.method:
        case "PUT":
            _watch(collection, row)
            return answered(collection, _entity(collection, row, source_of(row)), status=200 if source else 201)
        case "DELETE":
            if source:
                actions.unwatch(row, by=collection.call.user, now=collection.call.now)
            return HttpResponse(status=200 if source else NO_CONTENT)
        case _:
            return answered(collection, _entity(collection, row, source))


def _watch(collection: Entries, row: Certificate) -> None:
    sent = collection.call.properties()
    if sent.text("kind", "watched") != "watched":
        sent.refuse("kind", _("Only watched places are set here; order by ACME on the entry's page."))
    values = {field: sent.text(target, needed=field == "path") for field, target in _PLACE.items()}
    sent.check()
    form = WatchForm(values | {"name": row.name})
    sent.check_by(form, _PLACE)
    try:
        actions.watch(type(row), form.place(), name=row.name, by=collection.call.user, now=collection.call.now)
    except Trouble as trouble:
        if trouble.why is Problem.BUSY:
            raise TooManyRequests(str(trouble), seconds=BUSY_SECONDS) from None
        raise Invalid(Fault(_PLACE.get(trouble.field, trouble.field), str(trouble))) from None
    except certificate_actions.AlreadyUploaded as refusal:
        message = _("This certificate is already uploaded as %(name)s.") % {"name": refusal.certificate.name}
        raise Invalid(Fault("path", message)) from refusal


def _entity(collection: Entries, row: Certificate, source: Source | None) -> dict[str, Any]:
    if source is None:
        raise NotFound
    settings = {_PLACE.get(name, name): value for name, value in source.settings.items()}
    shown = {
        "kind": source.kind,
        "settings": settings,
        "lookedDate": source.looked_at,
        "deliveredDate": source.delivered_at,
        "failingSince": source.failing_since,
        "trouble": source.trouble or None,
        "dueDate": source.due_at,
    }
    return entity(collection, row, ("source", "source"), shown)
