"""A switch in steps, and the way back: first one API presents the new version, then all; if refusals rise, all present the one before.

The entry itself says which API is ahead, and with which version (:meth:`certificates.models.Certificate.presented_by`), so every gateway
gets it as it gets any change. Each function is one transaction, and the first to come makes it, however many processes look.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_noop

from certificates import actions
from certificates.models import Certificate
from certificates.rollout import probation as probations
from certificates.rollout import receipts
from certificates.rollout.models import Candidate, Outcome, Probation, rules_of
from certificates.rollout.refusals import Seen, seen_in
from certificates.rollout.staying import staying_of, switching_of
from portal.activity import Through, acting_through, record
from portal.kept_sentences import kept, told

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from certificates.models import CertificateVersion
    from portal.models import Activity


class NoCanary(Exception):
    """The API that shall present the new version first presents the entry no more, or stays with an earlier version of it.

    :ivar kept: what to do, for people, as it is stored
    """

    def __init__(self, certificate: Certificate, canary: str, *, stays: bool) -> None:
        """Hold both; *stays* tells which of the two it is."""
        sentence = (
            gettext_noop(
                "The API %(api)s, which is to present a new version first, stays with an earlier version of %(name)s. Choose another one."
            )
            if stays
            else gettext_noop("The API %(api)s, which is to present a new version first, does not present %(name)s. Choose another one.")
        )
        self.kept = kept(sentence, api=canary, name=certificate.name)
        super().__init__(self.kept)

    @property
    def sentence(self) -> str:
        """What to do, in the active language."""
        return told(self.kept)

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence


class Ended(Exception):
    """The probation has ended meanwhile."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The API that presents the new version first, and for how many minutes alone."""

    canary: str
    minutes: int


def steps_of(candidate: Candidate) -> Steps | None:
    """Return the steps in which a candidate is switched to, as was decided for it or else as the entry's rules say; ``None``: at once."""
    steps = chosen_for(candidate)
    return steps if steps.canary else None


def chosen_for(candidate: Candidate) -> Steps:
    """Return the steps that were chosen for a candidate, or else by the entry's rules; without a canary: at once."""
    if candidate.canary_minutes:
        return Steps(candidate.canary, candidate.canary_minutes)
    rules = rules_of(candidate.certificate)
    return Steps(rules.canary, rules.canary_minutes)


def open_of(certificate: Certificate) -> Probation:
    """Return the probation of an entry that is open.

    :raises Ended: if none is
    """
    if (found := Probation.objects.filter(certificate=certificate.pk, ended_at=None).first()) is None:
        raise Ended
    return found


def begin(candidate: Candidate, steps: Steps, *, by: User | None, now: datetime) -> Certificate:
    """Let the canary present a candidate, which is a version from now on. Inside the caller's transaction.

    :raises NoCanary: if that API does not present the entry
    :raises certificates.actions.AlreadyUploaded: if another entry has come to hold this certificate
    :raises certificates.sealing.SealingError: if its private key does not open
    """
    certificate, before = candidate.certificate, candidate.certificate.current
    assert before is not None  # noqa: S101 - an entry is made with its first version
    if not switching_of(certificate).filter(name=steps.canary).exists():
        raise NoCanary(certificate, steps.canary, stays=staying_of(certificate).filter(name=steps.canary).exists())
    probations.supersede(certificate, at=now)
    version = actions.add_ahead(certificate, candidate.pfx(), canary=steps.canary, by=by, now=now)
    until = now + timedelta(minutes=steps.minutes)
    line = _tell("canary-began", certificate, version, by=by, now=now, api=steps.canary, until=until.isoformat(timespec="seconds"))
    receipts.write(line, certificate, before, version)
    receipts.complete(certificate, candidate, at=now)
    fields = {"version": version, "before": before, "canary": steps.canary, "source": candidate.source}
    probations.probation_from(line, steps.minutes, certificate=certificate, **fields).save()
    expect(candidate)
    return certificate


def expect(candidate: Candidate) -> None:
    """Remember which APIs' refusal a person has known of when they confirmed: it is no reason to put anything back."""
    if candidate.confirmed_by_id:
        known = sorted({one.api for one in candidate.tries.all() if one.outcome == Outcome.REFUSED})
        Probation.objects.filter(certificate=candidate.certificate_id, ended_at=None).update(expected=known)


@transaction.atomic
def go_on(seen: Probation, *, by: User | None, now: datetime) -> Certificate:
    """Let all APIs present what the canary has presented: in the name of who confirmed it, unless somebody says so now.

    :raises Ended: if it has ended meanwhile
    """
    probation = _locked(seen)
    if not probation.canary:
        raise Ended
    number, expected = probation.version.number, probation.expected
    probations.end(probation, Probation.Outcome.PASSED, at=now, by=by, seen=seen_in(probation))
    with contextlib.ExitStack() as stack:
        if probation.through and by is None:
            stack.enter_context(acting_through(Through(**probation.through)))
        certificate = actions.switch_to_version(
            probation.certificate, version=number, by=by or probation.by, now=now, source=probation.source
        )
    Probation.objects.filter(certificate=certificate.pk, ended_at=None).update(expected=expected)
    return certificate


@transaction.atomic
def put_back(seen: Probation, *, because: Sequence[Seen], by: User | None, now: datetime) -> Certificate:
    """Let those that present a version on probation present the one before again.

    :param because: what was seen, by API; empty: somebody wants it
    :raises Ended: if it has ended meanwhile
    :raises certificates.models.KeyDestroyed: if the private key of the one before was destroyed
    """
    probation = _locked(seen)
    certificate, version = probation.certificate, probation.version
    probations.end(probation, Probation.Outcome.PUT_BACK, at=now, by=by, seen=because or seen_in(probation))
    if not probation.canary:
        return actions.put_back(certificate, version=probation.before.number, by=by, now=now)
    return _stop_canary(certificate, version, canary=probation.canary, by=by, now=now)


@transaction.atomic
def pass_(seen: Probation, *, now: datetime) -> None:
    """End the time in which a version that all present is put back.

    :raises Ended: if it has ended meanwhile
    """
    probation = _locked(seen)
    probations.end(probation, Probation.Outcome.PASSED, at=now, seen=seen_in(probation))


def _stop_canary(certificate: Certificate, version: CertificateVersion, *, canary: str, by: User | None, now: datetime) -> Certificate:
    certificate.canary, certificate.ahead = "", None
    certificate.revision += 1
    certificate.save(update_fields=["canary", "ahead", "revision"])
    version.current_until = now
    version.save(update_fields=["current_until"])
    _tell("put-back", certificate, version, by=by, now=now, api=canary)
    return certificate


def _locked(seen: Probation) -> Probation:
    """Return the probation as it is now; its entry is held as by every switch.

    :raises Ended: if it is over, or its entry was deleted
    """
    certificate = Certificate.objects.select_for_update().filter(pk=seen.certificate_id).first()
    probation = Probation.objects.select_related("version", "before", "by").filter(pk=seen.pk, ended_at=None).first()
    if certificate is None or probation is None:
        raise Ended
    probation.certificate = certificate
    return probation


def _tell(what: str, certificate: Certificate, version: CertificateVersion, *, by: User | None, now: datetime, **details: Any) -> Activity:
    event = actions.event_of(what, certificate)
    return record(event, certificate, by=by, at=now, version=version.number, thumbprint=version.thumbprint, **details)
