"""Every change to candidates and rules: one function per change, rows and activity line in one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, prefetch_related_objects
from django.utils.translation import gettext_lazy

from certificates import actions
from certificates.facts import Facts
from certificates.models import Certificate, CertificateVersion, KeyDestroyed
from certificates.pfx.model import Pfx
from certificates.rollout import receipts, staying, steps
from certificates.rollout.models import CANARY_MINUTES, Candidate, Probation, Rules, When, rules_of
from portal.activity import Through, acting_through, differences, record
from portal.activity.acting import current as acting_now
from portal.models import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from apis.models import Api

C = TypeVar("C", bound=Certificate)

TRIED_AGAIN_EVERY = timedelta(minutes=15)
TRIED_AGAIN_FOR = timedelta(days=7)
_RULES = ("sources", "window_days", "window_from", "window_to", "window_zone", "another_person", "destroy_after_days", "paths")
_IN_STEPS = ("canary", "canary_minutes", "probation_minutes")


class AlreadyPlanned(Exception):
    """Another candidate of the entry is decided upon already.

    :ivar sentence: what to do, for people
    """

    sentence = gettext_lazy("A switch of this certificate is planned already. Discard it first.")

    def __init__(self, certificate: Certificate) -> None:
        """Name the entry."""
        super().__init__(f"A switch of {certificate.name} is planned already; discard it first.")


class UnderWay(AlreadyPlanned):
    """A switch of the entry goes in steps, and its canary presents another version."""

    sentence = gettext_lazy("A switch of this certificate goes in steps just now. Switch all APIs or put the version before back first.")


class SamePerson(Exception):
    """Who has brought a candidate wants to confirm it, and the entry says that another person does."""


class Gone(Exception):
    """The candidate is there no more: it was switched to, or discarded."""


def propose(certificate: Certificate, pfx: Pfx, *, by: User | None, now: datetime, source: str = "") -> Candidate:
    """Let *pfx* be the candidate of an entry and have it tried; what a *source* brings goes on by the entry's rules.

    It takes the place of a candidate that nobody has decided upon.

    :param source: where it came from besides an upload (:class:`certificates.sources.delivery.Origin`); empty: a person
    :raises certificates.actions.AlreadyUploaded: if an entry of its kind (this one included) holds this certificate already
    :raises AlreadyPlanned: if a switch of the entry is planned
    """
    actions.refuse_second_upload(certificate.kind, pfx, to=certificate)
    return _propose(certificate, pfx, by=by, now=now, source=source)


def bring(certificate: Certificate, pfx: Pfx, *, by: User | None, now: datetime, source: str, by_a_person: bool = False) -> None:
    """Do what :func:`propose` does for what a *source* brings: also an earlier version; what is current, or the candidate, stays.

    A source that has what is current again has taken back what it had brought meanwhile, unless a person has confirmed that. What was put
    back stays back: back ends have refused it, and a person has to say otherwise.

    :param by_a_person: whether one has brought it, who knows that
    :raises certificates.actions.AlreadyUploaded: if another entry holds this certificate
    :raises AlreadyPlanned: if a person has planned another switch of the entry
    """
    sent = Facts.of(pfx.certificate).thumbprint_sha256
    known = certificate.versions.filter(thumbprint_sha256=sent).values_list("pk", flat=True).first()
    if known is not None and (known == certificate.ahead_id or (_was_put_back(known) and not by_a_person)):
        return
    if known is None:
        actions.refuse_second_upload(certificate.kind, pfx)
    candidates = Candidate.objects.filter(certificate=certificate.pk)
    if known is not None and known == certificate.current_id:
        for taken_back in candidates.filter(source=source, confirmed_at__isnull=True):
            discard(taken_back, by=by, now=now)
    elif not candidates.filter(thumbprint_sha256=sent).exists():
        _propose(certificate, pfx, by=by, now=now, source=source)


def propose_version(certificate: Certificate, *, version: int, by: User | None, now: datetime) -> Candidate:
    """Let an earlier version be the candidate, and have it tried.

    :raises CertificateVersion.DoesNotExist: if the entry has no version of that number, or presents it
    :raises AlreadyPlanned: if a switch of the entry is planned
    :raises certificates.models.KeyDestroyed: if its private key was destroyed
    :raises certificates.sealing.SealingError: if its private key does not open
    """
    chosen = certificate.versions.get(number=version)
    if chosen.pk == certificate.current_id:
        raise CertificateVersion.DoesNotExist
    if chosen.destroyed_at:
        raise KeyDestroyed(chosen.sealed_name)
    return _propose(certificate, _pfx_of(chosen), by=by, now=now, source="")


def refuse_planned(certificate: Certificate, *, source: str = "") -> Candidate | None:
    """Return the candidate whose place another one may take; ``None``: there is none.

    :param source: of the other one; empty: a person
    :raises UnderWay: if a switch of the entry goes in steps
    :raises AlreadyPlanned: if a switch of the entry is planned
    """
    if certificate.ahead_id:
        raise UnderWay(certificate)
    before = Candidate.objects.filter(certificate=certificate.pk).first()
    if before and before.is_planned and not (source and before.source):
        raise AlreadyPlanned(certificate)
    return before


@transaction.atomic
def ask_try(candidate: Candidate, *, now: datetime) -> None:
    """Have a candidate tried, or tried again.

    :raises Gone: if it is there no more
    """
    candidate = _locked(candidate)
    candidate.try_asked_at = now
    candidate.save(update_fields=["try_asked_at"])


@transaction.atomic
def plan(
    candidate: Candidate,
    *,
    when: When,
    at: datetime | None = None,
    zone: str = "UTC",
    by: User | None,
    now: datetime,
    in_steps: steps.Steps | None = None,
) -> Candidate:
    """Have a candidate switched to at a moment, or once every back end has accepted it.

    :param at: the moment; with :attr:`When.AT` only
    :param in_steps: other steps than the entry's rules say; with an empty canary: all APIs at once
    :raises Gone: if it is there no more
    :raises SamePerson: if another person has to confirm it
    """
    candidate = _locked(candidate)
    _refuse_same_person(candidate, by)
    candidate.when, candidate.at, candidate.zone = when, at, zone
    candidate.confirmed_by, candidate.confirmed_at = by, now
    candidate.through = acting_now() if by else {}
    candidate.trouble = ""
    _take_steps(candidate, in_steps)
    if when is When.AFTER_TRY:
        candidate.try_asked_at, candidate.until = now, now + TRIED_AGAIN_FOR
    candidate.save()
    moment = at.isoformat(timespec="minutes") if at else None
    _tell("planned", candidate, by=by, now=now, when=when.value, moment=moment)
    return candidate


@transaction.atomic
def switch(candidate: Candidate, *, by: User | None, now: datetime, in_steps: steps.Steps | None = None) -> Certificate:
    """Make a candidate the current version, now; or let the canary present it first.

    :param in_steps: other steps than the entry's rules say; with an empty canary: all APIs at once
    :raises certificates.rollout.steps.NoCanary: if the API that is to be first does not present the entry
    :raises Gone: if it is there no more
    :raises SamePerson: if another person has to confirm it
    :raises certificates.actions.AlreadyUploaded: if another entry has come to hold this certificate
    :raises certificates.sealing.SealingError: if its private key does not open
    """
    candidate = _locked(candidate)
    _refuse_same_person(candidate, by)
    _take_steps(candidate, in_steps)
    candidate.confirmed_by, candidate.confirmed_at = by, now
    return _make_current(candidate, by=by, now=now)


@transaction.atomic
def switch_accepting(candidate: Candidate, *, by: User | None, now: datetime) -> tuple[Certificate, list[Api]]:
    """Make a candidate the current version, now, for the APIs whose back ends accept it; the others stay with the version before.

    Those switch together, whatever the entry's rules say of steps.

    :return: the entry, and the APIs that stay
    :raises Gone: if it is there no more
    :raises SamePerson: if another person has to confirm it
    :raises certificates.rollout.staying.NotTried: if the try has not ended
    :raises certificates.rollout.staying.NobodyAccepts: if no back end accepts it
    :raises certificates.actions.AlreadyUploaded: if another entry has come to hold this certificate
    :raises certificates.sealing.SealingError: if its private key does not open
    """
    candidate = _locked(candidate)
    _refuse_same_person(candidate, by)
    stay, before = staying.would_stay(candidate), candidate.certificate.current
    staying.keep(stay, before)
    _take_steps(candidate, steps.Steps("", CANARY_MINUTES))
    candidate.confirmed_by, candidate.confirmed_at = by, now
    certificate = _make_current(candidate, by=by, now=now, stay=stay)
    if stay and before:
        changes = {"apis": ["", [api.display_name for api in stay]]}
        record(Event.CERTIFICATE_APIS_STAY, certificate, by=by, at=now, changes=changes, version=before.number)
    return certificate, stay


def renew(certificate: C, pfx: Pfx, *, by: User | None, now: datetime, source: str = "") -> C:
    """Do what :func:`certificates.actions.renew` does, in steps where the entry's rules say so; what a canary presents already goes on so.

    :raises certificates.actions.AlreadyUploaded: if another entry holds this certificate
    :raises certificates.actions.AnotherPersonConfirms: if it may not be switched at once
    :raises AlreadyPlanned: if another switch is planned, or goes in steps
    :raises certificates.rollout.steps.NoCanary: if the API that is to be first does not present the entry
    """
    rules, sent = rules_of(certificate), Facts.of(pfx.certificate).thumbprint_sha256
    if certificate.ahead and certificate.ahead.thumbprint_sha256 == sent:
        return certificate
    current = certificate.current and certificate.current.thumbprint_sha256
    if not rules.canary or rules.another_person or current == sent:
        return actions.renew(certificate, pfx, by=by, now=now, source=source)
    with transaction.atomic():
        _make_current(_propose(certificate, pfx, by=by, now=now, source=source), by=by, now=now)
    certificate.refresh_from_db()
    return certificate


@transaction.atomic
def switch_as_planned(seen: Candidate, *, now: datetime) -> Certificate:
    """Make a candidate the current version, in the name of who has confirmed it.

    :param seen: the candidate as it was when its time was found to have come
    :raises Gone: if it is there no more, or something else is planned by now
    :raises certificates.actions.AlreadyUploaded: if another entry has come to hold this certificate
    :raises certificates.sealing.SealingError: if its private key does not open
    """
    candidate = _locked(seen)
    if any(getattr(candidate, name) != getattr(seen, name) for name in ("when", "at", "confirmed_at", "tried_for", "try_asked_at")):
        raise Gone
    with contextlib.ExitStack() as stack:
        if candidate.through:
            stack.enter_context(acting_through(Through(**candidate.through)))
        return _make_current(candidate, by=candidate.confirmed_by, now=now)


@transaction.atomic
def discard(candidate: Candidate, *, by: User | None, now: datetime) -> None:
    """Forget a candidate and its private key.

    :raises Gone: if it is there no more
    """
    candidate = _locked(candidate)
    _tell("discarded", candidate, by=by, now=now)
    candidate.delete()


@transaction.atomic
def set_rules(certificate: Certificate, chosen: dict[str, Any], *, by: User | None, now: datetime) -> None:
    """Say how an entry's versions are switched to. A candidate that would be switched to as these rules forbid waits for a person then.

    :param chosen: values of :class:`Rules`, by field
    """
    before = rules_of(certificate)
    old = {name: plain(getattr(before, name)) for name in (*_RULES, *_IN_STEPS)}
    rules, _ = Rules.objects.update_or_create(certificate_id=certificate.pk, defaults=chosen)
    Candidate.objects.filter(_forbidden_by(rules), certificate=certificate.pk).update(
        when=When.UNDECIDED, at=None, until=None, confirmed_by=None, confirmed_at=None, through={}
    )
    if changes := differences(old, {name: plain(getattr(rules, name)) for name in old}):
        record(actions.event_of("rules-changed", certificate), certificate, by=by, at=now, changes=changes)


@transaction.atomic
def _propose(certificate: Certificate, pfx: Pfx, *, by: User | None, now: datetime, source: str) -> Candidate:
    entry = Certificate.objects.select_for_update().get(pk=certificate.pk)
    if before := refuse_planned(entry, source=source):
        discard(before, by=by, now=now)
    candidate = Candidate(certificate=entry, source=source, proposed_at=now, proposed_by=by, try_asked_at=now)
    candidate.hold(pfx)
    if source and not rules_of(entry).wait_for_a_person:
        candidate.when, candidate.until = When.AFTER_TRY, now + TRIED_AGAIN_FOR
    candidate.save()
    _tell("proposed", candidate, by=by, now=now, source=source or None)
    return candidate


def _make_current(candidate: Candidate, *, by: User | None, now: datetime, stay: Sequence[Api] = ()) -> Certificate:
    prefetch_related_objects([candidate], "tries")  # for the receipt: the candidate ends with the switch
    if in_steps := steps.steps_of(candidate):
        certificate = steps.begin(candidate, in_steps, by=by, now=now)
    else:
        certificate = actions.switch_to(candidate.certificate, candidate.pfx(), by=by, now=now, source=candidate.source)
        receipts.complete(certificate, candidate, at=now, stay=[api.name for api in stay])
        steps.expect(candidate)
    candidate.delete()
    return certificate


def _take_steps(candidate: Candidate, in_steps: steps.Steps | None) -> None:
    if in_steps is not None:
        candidate.canary, candidate.canary_minutes = in_steps.canary, in_steps.minutes


def _was_put_back(version: UUID) -> bool:
    """Return whether the last probation of a version, by its id, has ended with the version before."""
    last = Probation.objects.filter(version=version).first()
    return last is not None and last.was_put_back


def _pfx_of(version: CertificateVersion) -> Pfx:
    return Pfx(certificate=bytes(version.der), chain=version.chain_der, private_key=version.unseal(), aside=tuple(version.left_aside))


def _locked(candidate: Candidate) -> Candidate:
    try:
        return Candidate.objects.select_for_update().get(pk=candidate.pk)
    except Candidate.DoesNotExist as gone:
        raise Gone from gone


def _refuse_same_person(candidate: Candidate, by: User | None) -> None:
    if by is not None and by.pk == candidate.proposed_by_id and rules_of(candidate.certificate).another_person:
        raise SamePerson


def _forbidden_by(rules: Rules) -> Q:
    """Return which candidates are decided upon in a way that *rules* do not allow."""
    by_itself = ~Q(when=When.UNDECIDED) & Q(confirmed_at__isnull=True)
    by_the_same = Q(confirmed_by__isnull=False, confirmed_by=F("proposed_by"))
    nothing = Q(pk__in=())
    return (by_itself if rules.wait_for_a_person else nothing) | (by_the_same if rules.another_person else nothing)


def _tell(what: str, candidate: Candidate, *, by: User | None, now: datetime, **details: Any) -> None:
    certificate = candidate.certificate
    event = actions.event_of(what, certificate)
    record(event, certificate, by=by, at=now, thumbprint=candidate.thumbprint, **{key: value for key, value in details.items() if value})


def plain(value: Any) -> Any:
    """Return *value* of a field of :class:`Rules` as the log keeps it."""
    match value:
        case dict():
            return [f"{key}: {one}" for key, one in sorted(value.items())]
        case list():
            return [str(one) for one in value]
        case _:
            return value
