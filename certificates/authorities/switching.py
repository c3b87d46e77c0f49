"""Every change to candidates: what shall become an entry's current version is compared and tried, and then switched to, or discarded."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import prefetch_related_objects

from certificates.authorities import actions, receipts
from certificates.authorities.bundle import Bundle
from certificates.authorities.models import Authority, AuthorityCandidate
from certificates.rollout.actions import TRIED_AGAIN_FOR
from certificates.rollout.models import When
from portal.activity import Through, acting_through, record
from portal.activity.acting import current as acting_now
from portal.models import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_DECIDED = ("when", "at", "confirmed_at", "tried_for", "try_asked_at")


class AlreadyPlanned(Exception):
    """Another candidate of the entry is decided upon already."""


class Gone(Exception):
    """The candidate is there no more: it was switched to, or discarded."""


@transaction.atomic
def propose(authority: Authority, bundle: Bundle, *, by: User | None, now: datetime) -> AuthorityCandidate:
    """Let *bundle* be the candidate of an entry and have it tried; it takes the place of one that nobody has decided upon.

    :raises certificates.authorities.actions.AlreadyHeld: if an entry holds these certificates, this one included
    :raises AlreadyPlanned: if a switch of the entry is planned
    """
    entry = actions.locked(authority)
    actions.refuse_held(bundle)
    if before := AuthorityCandidate.objects.filter(authority=entry).first():
        if before.is_planned:
            raise AlreadyPlanned
        discard(before, by=by, now=now)
    candidate = AuthorityCandidate(authority=entry, proposed_at=now, proposed_by=by, try_asked_at=now)
    candidate.hold(bundle)
    candidate.save()
    _tell(Event.AUTHORITY_PROPOSED, candidate, by=by, now=now)
    return candidate


@transaction.atomic
def ask_try(candidate: AuthorityCandidate, *, now: datetime) -> None:
    """Have a candidate tried, or tried again.

    :raises Gone: if it is there no more
    """
    candidate = _locked(candidate)
    candidate.try_asked_at = now
    candidate.save(update_fields=["try_asked_at"])


@transaction.atomic
def plan(
    candidate: AuthorityCandidate, *, when: When, at: datetime | None = None, zone: str = "UTC", by: User | None, now: datetime
) -> AuthorityCandidate:
    """Have a candidate switched to at a moment, or once every back end is trusted by it.

    :param at: the moment; with :attr:`When.AT` only
    :raises Gone: if it is there no more
    """
    candidate = _locked(candidate)
    candidate.when, candidate.at, candidate.zone, candidate.trouble = when, at, zone, ""
    candidate.confirmed_by, candidate.confirmed_at = by, now
    candidate.through = acting_now() if by else {}
    if when is When.AFTER_TRY:
        candidate.try_asked_at, candidate.until = now, now + TRIED_AGAIN_FOR
    candidate.save()
    moment = at.isoformat(timespec="minutes") if at else None
    _tell(Event.AUTHORITY_PLANNED, candidate, by=by, now=now, when=when.value, moment=moment)
    return candidate


@transaction.atomic
def switch(candidate: AuthorityCandidate, *, by: User | None, now: datetime) -> Authority:
    """Let the entry hold a candidate, now.

    :raises Gone: if it is there no more
    :raises certificates.authorities.actions.AlreadyHeld: if another entry has come to hold these certificates
    """
    return _switch(_locked(candidate), by=by, now=now)


@transaction.atomic
def switch_as_planned(seen: AuthorityCandidate, *, now: datetime) -> Authority:
    """Let the entry hold a candidate, in the name of who has confirmed it.

    :param seen: the candidate as it was when its time was found to have come
    :raises Gone: if it is there no more, or something else is planned by now
    :raises certificates.authorities.actions.AlreadyHeld: if another entry has come to hold these certificates
    """
    candidate = _locked(seen)
    if any(getattr(candidate, name) != getattr(seen, name) for name in _DECIDED):
        raise Gone
    with contextlib.ExitStack() as stack:
        if candidate.through:
            stack.enter_context(acting_through(Through(**candidate.through)))
        return _switch(candidate, by=candidate.confirmed_by, now=now)


@transaction.atomic
def discard(candidate: AuthorityCandidate, *, by: User | None, now: datetime) -> None:
    """Forget a candidate.

    :raises Gone: if it is there no more
    """
    candidate = _locked(candidate)
    candidate.delete()
    _tell(Event.AUTHORITY_DISCARDED, candidate, by=by, now=now)


def _switch(candidate: AuthorityCandidate, *, by: User | None, now: datetime) -> Authority:
    prefetch_related_objects([candidate], "tries")  # for the receipt: the candidate ends with the switch
    authority = actions.replace(candidate.authority, candidate.bundle, by=by, now=now)
    receipts.complete(authority, candidate, by=by, at=now)
    AuthorityCandidate.objects.filter(pk=candidate.pk).delete()
    return authority


def _locked(candidate: AuthorityCandidate) -> AuthorityCandidate:
    """Return the candidate as it is now, locked after its entry: in the order of whoever replaces that."""
    try:
        actions.locked(candidate.authority)
        return AuthorityCandidate.objects.select_for_update(of=("self",)).select_related("authority").get(pk=candidate.pk)
    except (Authority.DoesNotExist, AuthorityCandidate.DoesNotExist) as gone:
        raise Gone from gone


def _tell(event: Event, candidate: AuthorityCandidate, *, by: User | None, now: datetime, **details: Any) -> None:
    told = {key: value for key, value in details.items() if value}
    record(event, candidate.authority, by=by, at=now, thumbprint=candidate.thumbprint, **told)
