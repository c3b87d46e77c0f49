"""Signing requests: the key is made here and stays here; the request is fetched, and the signed certificate brought."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from certificates import actions as certificate_actions
from certificates import problems
from certificates.models import folded
from certificates.pfx import Problem, UnreadablePfx
from certificates.signing import KeyKind
from certificates.sources import actions
from certificates.sources.forms import RequestForm
from certificates.sources.models import SigningRequest
from certificates.sources.trouble import Trouble
from rest.bodies import Properties
from rest.collection import CREATED, NO_CONTENT, Collection
from rest.entities.certificates import BUSY_SECONDS, decoded
from rest.envelope import Conflict, Fault, Invalid, NotFound, TooManyRequests
from rest.life.asked import READS, answered, check_call, names_in, sent_by

Entries = Collection[Any, Any]


def answer_request(collection: Entries, name: str) -> HttpResponse:
    """Answer the signing request that waits for the entry of this name; PUT makes one, DELETE discards it and its key.

    The entry need not be there: then the certificate that is brought makes it.
    """
    check_call(collection, name, *READS, "PUT", "DELETE", reading="change")
    match collection.call.request.method:
        case "PUT":
            return answered(collection, _entity(collection, _made(collection, name)), status=CREATED)
        case "DELETE":
            return _discarded(collection, name)
        case _:
            return answered(collection, _entity(collection, _waiting(collection, name)))


def answer_answer(collection: Entries, name: str) -> HttpResponse:
    """Take the signed certificate (``certificate``, PEM, or ``data``, a file in base64); answer the entry."""
    check_call(collection, name, "POST")
    waiting = _waiting(collection, name)
    file, target = _brought(sent_by(collection))
    try:
        entry = actions.answer(_model(collection), waiting, file, by=collection.call.user, now=collection.call.now)
    except UnreadablePfx as refusal:
        raise _unreadable(refusal, target) from refusal
    except certificate_actions.AlreadyUploaded as refusal:
        message = _("This certificate is already uploaded as %(name)s.") % {"name": refusal.certificate.name}
        raise Invalid(Fault(target, message)) from refusal
    except Trouble as planned:
        raise Conflict(str(planned)) from planned
    return answered(collection, collection.entity(collection.get(entry.name)))


def _made(collection: Entries, name: str) -> SigningRequest:
    if collection.find(name) is None:
        collection.call.require(collection.permission.format("add"))
    form = _asked(collection, name)
    try:
        return actions.request_certificate(
            _model(collection).KIND,
            name=name,
            subject=form.cleaned_data["subject"],
            names=form.cleaned_data["names"],
            key=KeyKind(form.cleaned_data["key"]),
            by=collection.call.user,
            now=collection.call.now,
        )
    except actions.AlreadyRequested as refusal:
        sentence = _("A signing request for %(name)s waits for its certificate already. Bring that, or discard the request first.")
        raise Conflict(sentence % {"name": refusal.request.name}) from refusal
    except UnreadablePfx as refusal:
        raise _unreadable(refusal, "key") from refusal


def _asked(collection: Entries, name: str) -> RequestForm:
    """Return the page's form with what was sent.

    :raises Invalid: naming what cannot be
    """
    sent = collection.call.properties()
    values = {
        "name": name,
        "subject": sent.text("subject"),
        "names": names_in(sent),
        "key": sent.text("key", KeyKind.RSA_3072.value),
    }
    sent.check()
    form = RequestForm(values)
    sent.check_by(form, {"name": collection.id_name})
    return form


def _discarded(collection: Entries, name: str) -> HttpResponse:
    try:
        actions.discard(_waiting(collection, name), by=collection.call.user, now=collection.call.now)
    except (NotFound, SigningRequest.DoesNotExist):
        return HttpResponse(status=NO_CONTENT)
    return HttpResponse(status=200)


def _waiting(collection: Entries, name: str) -> SigningRequest:
    rows = SigningRequest.objects.select_related("created_by").filter(kind=_model(collection).KIND, folded_name=folded(name))
    if (found := rows.first()) is None:
        raise NotFound
    return found


def _brought(sent: Properties) -> tuple[bytes, str]:
    """Return the file that was sent, and in which property."""
    text, data = sent.text("certificate"), decoded(sent, "data", needed=False)
    if bool(text) == bool(data):
        sent.refuse("certificate", _("Send certificate (PEM) or data (a file in base64), one of both."))
    sent.check()
    return (text.encode(), "certificate") if text else (data, "data")


def _unreadable(refusal: UnreadablePfx, target: str) -> Invalid | TooManyRequests:
    if refusal.problem is Problem.BUSY:
        return TooManyRequests(problems.sentence(refusal), seconds=BUSY_SECONDS)
    return Invalid(Fault(target, problems.sentence(refusal)))


def _model(collection: Entries) -> Any:
    """Return the model of the entries, which says of which kind they are."""
    return collection.rows().model


def _entity(collection: Entries, waiting: SigningRequest) -> dict[str, Any]:
    shown = {
        "subject": waiting.subject,
        "names": waiting.names,
        "keyType": waiting.key_type,
        "createdDate": waiting.created_at,
        "createdBy": waiting.created_by.get_username() if waiting.created_by else None,
        "request": waiting.pem,
    }
    return collection.call.service.entity((*collection.path_of(waiting.name), "request", "request"), shown)
