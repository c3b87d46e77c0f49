"""A switch that goes in steps, or whose version is on probation: looked at, and decided upon before its time."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from certificates.models import Certificate, KeyDestroyed
from certificates.rollout import steps
from certificates.rollout.models import Probation
from certificates.rollout.standing import probation_of
from rest.collection import Collection
from rest.envelope import Conflict, NotFound
from rest.life.asked import READS, answered, entity, entry_of

Entries = Collection[Any, Any]


def answer_probation(collection: Entries, name: str) -> HttpResponse:
    """Answer the probation of an entry's newest version that is open, or has put back the version before."""
    row: Certificate = entry_of(collection, name, *READS)
    standing = probation_of(row)
    if not standing:
        raise NotFound
    shown = _shown(standing["probation"], standing["seen"])
    return answered(collection, entity(collection, row, ("probation", "probation"), shown))


def answer_go_on(collection: Entries, name: str) -> HttpResponse:
    """Let all APIs present what the canary does; answer the entry."""
    row: Certificate = entry_of(collection, name, "POST")
    try:
        steps.go_on(steps.open_of(row), by=collection.call.user, now=collection.call.now)
    except steps.Ended:
        raise _over() from None
    return answered(collection, collection.entity(collection.get(name)))


def answer_put_back(collection: Entries, name: str) -> HttpResponse:
    """Put the version before back; answer the entry."""
    row: Certificate = entry_of(collection, name, "POST")
    try:
        steps.put_back(steps.open_of(row), because=(), by=collection.call.user, now=collection.call.now)
    except steps.Ended:
        raise _over() from None
    except KeyDestroyed as destroyed:
        raise Conflict(_("The private key of the version before was destroyed, so it cannot be put back.")) from destroyed
    return answered(collection, collection.entity(collection.get(name)))


def _over() -> Conflict:
    return Conflict(_("No switch of this certificate goes in steps, and none is on probation."))


def _shown(probation: Probation, seen: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "version": probation.version.number,
        "before": probation.before.number,
        "canary": probation.canary or None,
        "beganDate": probation.began_at,
        "endsDate": probation.ends_at,
        "endedDate": probation.ended_at,
        "outcome": probation.outcome or None,
        "seen": [
            {
                "api": one["api"],
                "calls": one["now"]["number"],
                "refused": one["now"]["refused"],
                "callsBefore": one["before"]["number"],
                "refusedBefore": one["before"]["refused"],
                "said": one["said"] or None,
            }
            for one in seen
        ],
    }
