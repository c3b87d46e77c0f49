"""Every change to moves: rows and lines of the activity log in one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apis.backends import moving as back_ends
from apis.models import Api, BasicCredentials, beside
from apis.moving.models import Chosen, Move
from apis.moving.refusals import ChangedMeanwhile, Gone, NothingToMove, OverHttp, SamePerson, SharesBackEnd
from certificates.models import ClientCertificate
from certificates.rollout.actions import TRIED_AGAIN_FOR
from certificates.rollout.models import rules_of
from certificates.rollout.proposals import When
from certificates.rollout.staying import NotTried
from certificates.rollout.trying import accepting, is_accepted
from portal.activity import Through, acting_through, differences, line_of, write
from portal.activity.acting import current as acting_now
from portal.models import Activity, Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

_MOVED = ("credentials", "certificate", "stays_with", "revision", "changed_at", "changed_by")
_BATCH = 500


@transaction.atomic
def propose(target: ClientCertificate, apis: QuerySet[Api], *, by: User | None, now: datetime) -> Move:
    """Let *apis* be moved to *target*, and have that tried. What the same person had proposed and not decided upon is forgotten.

    :param apis: those that present it already stay out of it, but for those that stay with an earlier version of it
    :raises NothingToMove: if there are no others
    :raises OverHttp: if some are called without TLS
    :raises SharesBackEnd: if some have the certificate from a back end that others use, too
    """
    target = ClientCertificate.objects.select_for_update(of=("self",)).select_related("current").get(pk=target.pk)
    rows = list(apis.exclude(certificate=target.pk, stays_with=None).order_by("pk"))
    if not rows:
        raise NothingToMove
    _refuse_http(rows)
    _refuse_shared(rows, target)
    Move.objects.filter(proposed_by=by, when=When.UNDECIDED).delete()
    assert target.current is not None  # noqa: S101 - an entry is made with its first version
    move = Move.objects.create(target=target, thumbprint=target.current.thumbprint, proposed_at=now, proposed_by=by, try_asked_at=now)
    Chosen.objects.bulk_create([Chosen(move=move, api=api, seen=Chosen.look_at(api)) for api in rows], batch_size=_BATCH)
    return move


@transaction.atomic
def look_again(move: Move, *, now: datetime) -> None:
    """Take APIs and certificate as they are now, and have that tried.

    :raises Gone: if the move is there no more
    """
    move = locked(move)
    for chosen in move.chosen.select_related("api"):
        Chosen.objects.filter(pk=chosen.pk).update(seen=Chosen.look_at(chosen.api))
    move.thumbprint, move.try_asked_at = move.version.thumbprint, now
    move.save(update_fields=["thumbprint", "try_asked_at"])


@transaction.atomic
def carry_out(move: Move, *, only_accepting: bool = False, by: User | None, now: datetime) -> tuple[list[Api], list[Api]]:
    """Have the APIs present the other certificate, now and together.

    :param only_accepting: leave out those whose back ends have not accepted it in the try
    :return: which were moved, and which were left out
    :raises Gone: if the move is there no more
    :raises SamePerson: if another person has to confirm it
    :raises NotTried: if *only_accepting*, and the try has not ended
    :raises NothingToMove: if no API is left
    :raises ChangedMeanwhile: if what was compared and tried is not what there is now
    :raises OverHttp: if some are called without TLS by now
    :raises SharesBackEnd: if some have the certificate from a back end of others that stay
    """
    move = locked(move)
    _refuse_same_person(move, by)
    if only_accepting and not move.is_tried:
        raise NotTried
    apis = _unchanged(move)
    staying = {api.name for api in apis} - accepting(move) if only_accepting else set()
    moving = _to_move([api for api in apis if api.name not in staying], move)
    _present(move.target, moving, by=by, now=now)
    move.delete()
    return moving, [api for api in apis if api.name in staying]


@transaction.atomic
def plan(move: Move, *, when: When, at: datetime | None = None, zone: str = "UTC", by: User | None, now: datetime) -> None:
    """Have a move carried out at a moment, or once every back end has accepted it.

    :raises Gone: if it is there no more
    :raises SamePerson: if another person has to confirm it
    :raises ChangedMeanwhile: if what was compared and tried is not what there is now
    """
    move = locked(move)
    _refuse_same_person(move, by)
    apis = _unchanged(move)
    move.when, move.at, move.zone, move.trouble = when, at, zone, ""
    move.confirmed_by, move.confirmed_at, move.through = by, now, acting_now() if by else {}
    if when is When.AFTER_TRY:
        move.try_asked_at, move.until = now, now + TRIED_AGAIN_FOR
    move.save()
    moment = {"moment": at.isoformat(timespec="minutes")} if at else {}
    _tell(Event.CERTIFICATE_MOVE_PLANNED, move.target, apis, by=by, now=now, when=when.value, **moment)


@transaction.atomic
def carry_out_as_planned(seen: Move, *, now: datetime) -> None:
    """Carry a move out in the name of who has confirmed it.

    :param seen: the move as it was when its time was found to have come
    :raises Gone: if it is there no more, or something else is planned by now
    :raises NothingToMove, ChangedMeanwhile, OverHttp, SharesBackEnd: as :func:`carry_out` does
    """
    move = locked(seen)
    if any(getattr(move, name) != getattr(seen, name) for name in ("when", "at", "confirmed_at", "tried_for", "try_asked_at")):
        raise Gone
    if move.when == When.AFTER_TRY and not is_accepted(move):
        raise Gone
    with contextlib.ExitStack() as stack:
        if move.through:
            stack.enter_context(acting_through(Through(**move.through)))
        _present(move.target, _to_move(_unchanged(move), move), by=move.confirmed_by, now=now)
    move.delete()


@transaction.atomic
def discard(move: Move, *, by: User | None, now: datetime) -> None:
    """Forget a move.

    :raises Gone: if it is there no more
    """
    move = locked(move)
    if move.when:
        _tell(Event.CERTIFICATE_MOVE_DISCARDED, move.target, move.apis(), by=by, now=now)
    move.delete()


def locked(move: Move) -> Move:
    """Return *move* as it is now, locked until the transaction ends.

    :raises Gone: if it is there no more
    """
    try:
        return Move.objects.select_for_update(of=("self",)).select_related("target__current").get(pk=move.pk)
    except Move.DoesNotExist as gone:
        raise Gone from gone


def _to_move(apis: Sequence[Api], move: Move) -> list[Api]:
    """Return those of *apis* that do not present the certificate already, in its current version.

    :raises NothingToMove: if there are none
    """
    moving = [api for api in apis if api.certificate_id != move.target_id or api.stays_with_id]
    if not moving:
        raise NothingToMove
    return moving


def _unchanged(move: Move) -> list[Api]:
    """Return the APIs of *move*, locked, in one order for all, so that two moves never wait for each other.

    :raises ChangedMeanwhile: if they, or the entry's version, are others than were compared and tried
    """
    seen = dict(move.chosen.values_list("api", "seen"))
    back_ends.lock(seen)
    apis = list(Api.objects.select_for_update().filter(pk__in=list(seen)).order_by("pk"))
    changed = [api for api in apis if Chosen.look_at(api) != seen[api.pk]]
    if changed or move.is_stale:
        raise ChangedMeanwhile(changed)
    _refuse_http(apis)
    return apis


def _refuse_http(apis: Sequence[Api]) -> None:
    if unencrypted := [api for api in apis if api.is_plain_http]:
        raise OverHttp(unencrypted)


def _refuse_shared(apis: Sequence[Api], target: ClientCertificate) -> None:
    if held := back_ends.held_back(apis, target):
        raise SharesBackEnd(held)


def _refuse_same_person(move: Move, by: User | None) -> None:
    if by is not None and by.pk == move.proposed_by_id and rules_of(move.target).another_person:
        raise SamePerson


def _present(target: ClientCertificate, apis: Sequence[Api], *, by: User | None, now: datetime) -> None:
    """Have *apis*, which are locked, present *target*; write a line for each, and one for all."""
    target = ClientCertificate.objects.select_for_update().get(pk=target.pk)  # nobody deletes it before they point at it
    _refuse_shared(apis, target)
    before = _credentials_of(apis)
    for api in apis:
        api.credentials, api.certificate, api.stays_with = beside(api.credentials), target, None
        api.revision, api.changed_at, api.changed_by = api.revision + 1, now, by
    Api.objects.bulk_update(apis, _MOVED, batch_size=_BATCH)
    BasicCredentials.objects.filter(api__in=apis).delete()
    lines = [_line(api, before[api.pk], by=by, now=now) for api in apis if before[api.pk]["certificate"] != target.name]
    lines += back_ends.present(target, apis, by=by, now=now)
    write([*lines, _line_of_all(Event.CERTIFICATE_APIS_MOVED, target, apis, by=by, now=now)])


def _credentials_of(apis: Sequence[Api]) -> dict[int, dict[str, Any]]:
    """Return how *apis* prove themselves, by id, as the activity log tells it."""
    entries = dict(ClientCertificate.objects.filter(apis__in=apis).values_list("pk", "name"))
    people = dict(BasicCredentials.objects.filter(api__in=apis).values_list("api", "username"))
    return {
        api.pk: {
            "credentials": api.credentials,
            "certificate": entries[api.certificate_id] if api.certificate_id else None,
            "username": people.get(api.pk),
        }
        for api in apis
    }


def _line(api: Api, before: dict[str, Any], *, by: User | None, now: datetime) -> Activity:
    assert api.certificate is not None  # noqa: S101 - just given
    after = {"credentials": str(api.credentials), "certificate": api.certificate.name}
    changes = differences(before, after, hidden={"password": before["username"] is not None})
    return line_of(Event.API_SECURED, api, by=by, at=now, changes=changes, **after)


def _line_of_all(
    event: Event, target: ClientCertificate, apis: Sequence[Api] | QuerySet[Api], *, by: User | None, now: datetime, **details: str
) -> Activity:
    changes = {"apis": ["", [api.display_name for api in apis]]}
    return line_of(event, target, by=by, at=now, changes=changes, **details)


def _tell(
    event: Event, target: ClientCertificate, apis: Sequence[Api] | QuerySet[Api], *, by: User | None, now: datetime, **details: str
) -> None:
    write([_line_of_all(event, target, apis, by=by, now=now, **details)])
