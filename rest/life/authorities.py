"""Versions and candidates of trusted authorities."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from certificates.authorities import actions, switching
from certificates.authorities.comparison import Comparison, compare
from certificates.authorities.models import Authority, AuthorityCandidate, AuthorityVersion
from certificates.authorities.words import caution_sentence, reason_sentence
from certificates.rollout.forms import NOW
from certificates.rollout.models import When
from rest.collection import Collection
from rest.envelope import Conflict, Fault, Invalid, NotFound
from rest.life.asked import READS, answered, entity, entry_of, listed, sent_by
from rest.life.confirming import decided, decision
from rest.life.proposing import Proposals
from rest.life.versions import no_such_version, number_in

Entries = Collection[Any, Any]


def answer_versions(collection: Entries, name: str) -> HttpResponse:
    """Answer the versions of an entry, the newest first."""
    row: Authority = entry_of(collection, name, *READS)
    versions = row.versions.select_related("created_by")
    return listed(collection, [entity(collection, row, ("versions", str(one.number)), _shown(row, one)) for one in versions])


def answer_roll_back(collection: Entries, name: str) -> HttpResponse:
    """Let the entry hold the ``version`` that was sent; answer the entry."""
    row: Authority = entry_of(collection, name, "POST")
    number = number_in(sent_by(collection))
    try:
        actions.roll_back(row, version=number, by=collection.call.user, now=collection.call.now)
    except AuthorityVersion.DoesNotExist:
        raise no_such_version(number) from None
    except actions.AlreadyHeld as refusal:
        raise Conflict(_held(refusal)) from refusal
    return answered(collection, collection.entity(collection.get(name)))


def answer_confirm(collection: Entries, name: str) -> HttpResponse:
    """Decide upon the candidate: at once answers the entry, else the candidate."""
    row: Authority = entry_of(collection, name, "POST")
    candidate: AuthorityCandidate = PROPOSALS.of(row)
    form = decision(collection, candidate, has_to_be_confirmed=_compared(collection, candidate).has_to_be_confirmed)
    stamp: dict[str, Any] = {"by": collection.call.user, "now": collection.call.now}
    try:
        if form.cleaned_data["when"] == NOW:
            switching.switch(candidate, **stamp)
            return answered(collection, collection.entity(collection.get(name)))
        when = When(form.cleaned_data["when"])
        switching.plan(candidate, when=when, at=form.moment, zone=form.cleaned_data["zone"], **stamp)
    except switching.Gone:
        raise NotFound from None
    except actions.AlreadyHeld as refusal:
        raise Conflict(_held(refusal)) from refusal
    return PROPOSALS.answer(collection, row, PROPOSALS.of(row))


def _proposed(collection: Entries, row: Authority) -> AuthorityCandidate:
    """Propose what was sent: ``certificates`` or ``data``."""
    bundle = collection.read(collection.call.properties(), None, whole=True)
    try:
        return switching.propose(row, bundle, by=collection.call.user, now=collection.call.now)
    except switching.AlreadyPlanned as refusal:
        raise Conflict(_("A switch of this certificate is planned already. Discard it first.")) from refusal
    except actions.AlreadyHeld as refusal:
        raise Invalid(Fault("certificates", _held(refusal))) from refusal


def _find(row: Authority) -> AuthorityCandidate | None:
    candidates = AuthorityCandidate.objects.select_related("authority__current", "proposed_by", "confirmed_by")
    return candidates.filter(authority=row).first()


def _compared(collection: Entries, candidate: AuthorityCandidate) -> Comparison:
    current = candidate.authority.current
    assert current is not None  # noqa: S101 - an entry is made with its first version
    return compare(current.bundle, candidate.bundle, now=collection.call.now)


def _of_candidate(collection: Entries, candidate: AuthorityCandidate) -> dict[str, Any]:
    comparison = _compared(collection, candidate)
    tries = [
        {
            "api": one.api,
            "backEnd": one.back_end,
            "gateway": one.gateway or None,
            "outcome": one.outcome,
            "reason": reason_sentence(one),
            "said": one.said,
            "issuer": one.issuer or None,
            "milliseconds": one.milliseconds,
        }
        for one in candidate.tries.all()
    ]
    return {
        "subject": candidate.label,
        "thumbprints": [one.thumbprint for one in candidate.facts],
        "expirationDate": candidate.not_after,
        "certificates": candidate.pem,
        **decided(candidate),
        "warnings": [caution_sentence(caution) for caution in comparison.cautions],
        "hasToBeConfirmed": comparison.has_to_be_confirmed,
        "accepted": candidate.is_accepted,
        "tries": tries,
    }


PROPOSALS = Proposals(deeds=switching, find=_find, propose=_proposed, show=_of_candidate)


def _shown(row: Authority, version: AuthorityVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "isCurrent": version.pk == row.current_id,
        "subject": version.label,
        "thumbprints": [one.thumbprint for one in version.facts],
        "expirationDate": version.not_after,
        "createdDate": version.created_at,
        "createdBy": version.created_by.get_username() if version.created_by else None,
        "certificates": version.pem,
    }


def _held(refusal: actions.AlreadyHeld) -> str:
    return _("These certificates are the trusted authority %(name)s already.") % {"name": refusal.authority.name}
