"""What a certificate entry renews itself from: shown, set to a watched place or an order by ACME, taken away."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from certificates import actions as certificate_actions
from certificates.models import Certificate
from certificates.pfx import Problem
from certificates.sources import actions
from certificates.sources.acme.actions import order
from certificates.sources.acme.forms import AcmeForm
from certificates.sources.acme.ordering import HTTP_01
from certificates.sources.acme.turns import ORDERS
from certificates.sources.forms import WatchForm
from certificates.sources.models import Source, SourceKind
from certificates.sources.standing import source_of
from certificates.sources.trouble import Trouble
from portal.turns import Busy
from rest.bodies import Properties
from rest.collection import NO_CONTENT, Collection
from rest.entities.certificates import BUSY_SECONDS
from rest.envelope import Conflict, Fault, Invalid, NotFound, TooManyRequests
from rest.life.asked import READS, answered, check_call, entity, names_in

Entries = Collection[Any, Any]
_PLACE = {"path": "path", "password_file": "passwordFile", "key_file": "keyFile", "chain_file": "chainFile"}
_ORDER = {
    **{name: name for name in ("directory", "names", "challenge", "key", "email")},
    "binding": "accountIdentifier",
    "binding_key": "accountKey",
}


def answer_source(collection: Entries, name: str) -> HttpResponse:
    """Answer the source; PUT sets it, and adds the entry where there is none; DELETE lets people renew the entry again."""
    check_call(collection, name, *READS, "PUT", "DELETE")
    if collection.call.request.method == "PUT":
        return _put(collection, name)
    row: Certificate = collection.get(name)
    source = source_of(row)
    if collection.call.request.method == "DELETE":
        actions.unwatch(row, by=collection.call.user, now=collection.call.now)
        return HttpResponse(status=200 if source else NO_CONTENT)
    return answered(collection, _entity(collection, row, source))


@sensitive_variables("sent")
def _put(collection: Entries, name: str) -> HttpResponse:
    row = collection.find(name)
    if row is None:
        collection.call.require(collection.permission.format("add"))
    is_new = row is None or source_of(row) is None
    sent = collection.call.properties()
    match sent.text("kind", SourceKind.WATCHED.value):
        case SourceKind.WATCHED:
            _watch(collection, name, sent)
        case SourceKind.ACME:
            _order(collection, name, sent)
        case _:
            sent.refuse("kind", _("This is one of %(kinds)s.") % {"kinds": ", ".join(SourceKind.values)})
            sent.check()
    row = collection.get(name)
    return answered(collection, _entity(collection, row, source_of(row)), status=201 if is_new else 200)


def _watch(collection: Entries, name: str, sent: Properties) -> None:
    values = {field: sent.text(target, needed=field == "path") for field, target in _PLACE.items()}
    sent.check()
    form = WatchForm(values | {"name": name})
    sent.check_by(form, _PLACE | {"name": collection.id_name})
    try:
        actions.watch(_model(collection), form.place(), name=name, by=collection.call.user, now=collection.call.now)
    except Trouble as trouble:
        raise _refused(trouble, _PLACE) from None
    except certificate_actions.AlreadyUploaded as refusal:
        raise _already_uploaded(refusal, "path") from refusal
    except certificate_actions.NameTaken as refusal:  # at this very moment
        raise Conflict(str(refusal)) from refusal


@sensitive_variables("sent", "form")
def _order(collection: Entries, name: str, sent: Properties) -> None:
    form = _filled_in(collection, name, sent)
    stamp: dict[str, Any] = {"by": collection.call.user, "now": collection.call.now}
    try:
        with ORDERS.turn():
            order(_model(collection), form.wish(), binding=form.bound_to(), name=name, **stamp)
    except Trouble as trouble:
        raise _refused(trouble, _ORDER, otherwise="directory") from None
    except certificate_actions.AlreadyUploaded as refusal:
        raise _already_uploaded(refusal, "names") from refusal
    except certificate_actions.NameTaken as refusal:  # at this very moment
        raise Conflict(str(refusal)) from refusal
    except Busy as busy:
        message = _("Too many certificates are being ordered just now. Wait a moment and try again.")
        raise TooManyRequests(message, seconds=busy.seconds) from None


@sensitive_variables("sent", "values")
def _filled_in(collection: Entries, name: str, sent: Properties) -> AcmeForm:
    """Return the page's form with what was sent.

    :raises Invalid: naming what cannot be
    """
    values = {field: sent.text(target, needed=field == "directory") for field, target in _ORDER.items() if field != "names"}
    values["names"] = names_in(sent)
    values["challenge"] = values["challenge"] or HTTP_01
    values["key"] = values["key"] or _first_of(AcmeForm(), "key")
    sent.check()
    form = AcmeForm(values | {"name": name})
    sent.check_by(form, _ORDER | {"name": collection.id_name})
    return form


def _first_of(form: Form, field: str) -> str:
    """Return the choice that a page begins with."""
    first: tuple[str, Any] = form.fields[field].choices[0]  # type: ignore[attr-defined]  # a ChoiceField
    return str(first[0])


def _refused(trouble: Trouble, targets: dict[str, str], *, otherwise: str = "path") -> Invalid | TooManyRequests:
    if trouble.why is Problem.BUSY:
        return TooManyRequests(str(trouble), seconds=BUSY_SECONDS)
    return Invalid(Fault(targets.get(trouble.field, otherwise), str(trouble)))


def _already_uploaded(refusal: certificate_actions.AlreadyUploaded, target: str) -> Invalid:
    message = _("This certificate is already uploaded as %(name)s.") % {"name": refusal.certificate.name}
    return Invalid(Fault(target, message))


def _model(collection: Entries) -> Any:
    """Return the model of the entries, which says of which kind they are."""
    return collection.rows().model


def _entity(collection: Entries, row: Certificate, source: Source | None) -> dict[str, Any]:
    if source is None:
        raise NotFound
    settings: dict[str, Any] = {_PLACE.get(name, name): value for name, value in source.settings.items()}
    if source.kind == SourceKind.ACME:
        settings["names"] = settings["names"].split()
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
