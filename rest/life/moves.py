"""APIs that shall present another certificate entry: proposed, compared, tried, decided upon; all of them in one change."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from apis.models import Api
from apis.moving import actions, comparing
from apis.moving.forms import MoveForm
from apis.moving.keeper import why
from apis.moving.models import Move
from apis.moving.refusals import ChangedMeanwhile, Gone, NothingToMove, OverHttp, SamePerson, SharesBackEnd
from certificates.models import ClientCertificate
from certificates.rollout import trying
from certificates.rollout.forms import ACCEPTING, NOW
from certificates.rollout.models import When
from certificates.rollout.staying import NotTried
from certificates.rollout.words import NOT_TRIED
from rest.bodies import Properties
from rest.collection import CREATED, NO_CONTENT, Collection
from rest.envelope import Conflict, NotFound
from rest.life.asked import answered, check_call, entity, listed, sent_by
from rest.life.candidates import tries_of
from rest.life.confirming import FIELDS, decided, said

Entries = Collection[Any, Any]
_REFUSALS = (ChangedMeanwhile, OverHttp, SharesBackEnd, NothingToMove)


def answer_moves(collection: Entries, name: str) -> HttpResponse:
    """Answer the moves to an entry that wait; POST proposes one, of ``apis`` (names) or of all that present the entry ``from``."""
    row = _target(collection, name, "GET", "HEAD", "POST")
    if collection.call.request.method == "POST":
        move = _proposed(collection, row)
        return answered(collection, _entity(collection, row, move), status=CREATED)
    return listed(collection, [_entity(collection, row, one) for one in _moves().filter(target=row)])


def answer_move(collection: Entries, name: str, number: str) -> HttpResponse:
    """Answer a move that waits; DELETE discards it."""
    row = _target(collection, name, "GET", "HEAD", "DELETE")
    if collection.call.request.method == "DELETE":
        try:
            actions.discard(_move(row, number), by=collection.call.user, now=collection.call.now)
        except (NotFound, Gone):
            return HttpResponse(status=NO_CONTENT)
        return HttpResponse(status=200)
    return answered(collection, _entity(collection, row, _move(row, number)))


def answer_try(collection: Entries, name: str, number: str) -> HttpResponse:
    """Take APIs and certificate as they are now, and have the move tried again; answer it."""
    row = _target(collection, name, "POST")
    try:
        actions.look_again(_move(row, number), now=collection.call.now)
    except Gone:
        raise NotFound from None
    return answered(collection, _entity(collection, row, _move(row, number)), status=202)


def answer_confirm(collection: Entries, name: str, number: str) -> HttpResponse:
    """Decide upon a move: at once answers which APIs have moved and which stay, else the move."""
    row = _target(collection, name, "POST")
    move = _move(row, number)
    form = _decision(collection, move)
    try:
        return _decide(collection, row, move, form)
    except Gone:
        raise NotFound from None
    except SamePerson:
        raise Conflict(_("You have proposed this move, and the certificate demands that another person confirms it.")) from None
    except NotTried:
        raise Conflict(str(NOT_TRIED)) from None
    except _REFUSALS as refusal:
        raise Conflict(why(refusal)) from refusal


def _target(collection: Entries, name: str, *methods: str) -> ClientCertificate:
    """Return the entry that APIs move to: as on the pages, it takes whoever may see it and change APIs."""
    check_call(collection, name, *methods, may="view")
    collection.call.require("apis.change_api")
    row: ClientCertificate = collection.get(name)
    return row


def _proposed(collection: Entries, row: ClientCertificate) -> Move:
    sent = sent_by(collection)
    apis = _chosen(sent)
    try:
        return actions.propose(row, apis, by=collection.call.user, now=collection.call.now)
    except _REFUSALS as refusal:
        raise Conflict(why(refusal)) from refusal


def _chosen(sent: Properties) -> Any:
    """Return the APIs that were sent.

    :raises rest.envelope.Invalid: naming what is not there
    """
    names, leaving = sent.texts("apis"), sent.text("from")
    entry = ClientCertificate.objects.named(leaving).first() if leaving else None
    if bool(names) == bool(leaving):
        sent.refuse("apis", _("Send apis (their names) or from (the certificate that they present now), one of both."))
    if leaving and entry is None:
        sent.refuse("from", _("There is no client certificate %(named)s.") % {"named": leaving})
    if missing := sorted(set(names) - set(Api.objects.filter(name__in=names).values_list("name", flat=True))):
        sent.refuse("apis", _("There is no such API to move here: %(apis)s.") % {"apis": ", ".join(missing[:5])})
    sent.check()
    return Api.objects.filter(certificate=entry) if entry else Api.objects.filter(name__in=names)


def _decision(collection: Entries, move: Move) -> MoveForm:
    sent = sent_by(collection)
    values = said(sent)
    sent.check()
    form = MoveForm(values, move=move, has_to_be_confirmed=comparing.of(move).has_to_be_confirmed)
    sent.check_by(form, FIELDS)
    return form


def _decide(collection: Entries, row: ClientCertificate, move: Move, form: MoveForm) -> HttpResponse:
    when: str = form.cleaned_data["when"]
    stamp: dict[str, Any] = {"by": collection.call.user, "now": collection.call.now}
    if when in {NOW, ACCEPTING}:
        moved, staying = actions.carry_out(move, only_accepting=when == ACCEPTING, **stamp)
        return answered(collection, {"moved": [api.name for api in moved], "staying": [api.name for api in staying]})
    actions.plan(move, when=When(when), at=form.moment, zone=form.cleaned_data["zone"], **stamp)
    return answered(collection, _entity(collection, row, _move(row, str(move.pk))))


def _moves() -> Any:
    return Move.objects.select_related("target__current", "proposed_by", "confirmed_by").prefetch_related("tries").order_by("pk")


def _move(row: ClientCertificate, number: str) -> Move:
    found: Move | None = _moves().filter(target=row, pk=int(number)).first()
    if found is None:
        raise NotFound
    return found


def _entity(collection: Entries, row: ClientCertificate, move: Move) -> dict[str, Any]:
    compared = comparing.of(move)
    shown = {
        "apis": list(move.apis().values_list("name", flat=True)),
        **decided(move),
        "warnings": [*(one for source in compared.sources for one in source.warnings), *compared.doubts],
        "hasToBeConfirmed": compared.has_to_be_confirmed,
        "accepted": trying.is_accepted(move),
        "tries": tries_of(move),
    }
    return entity(collection, row, ("moves", str(move.pk)), shown)
