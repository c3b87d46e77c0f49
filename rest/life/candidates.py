"""What shall become a certificate entry's next version: proposed, tried, decided upon."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from certificates import actions as certificate_actions
from certificates import doubts
from certificates.judgement import Purpose
from certificates.models import Certificate, CertificateVersion, KeyDestroyed, Kind
from certificates.rollout import actions, staying, trying
from certificates.rollout.comparison import Comparison, compare
from certificates.rollout.forms import ACCEPTING, NOW
from certificates.rollout.models import Candidate, When
from certificates.rollout.steps import NoCanary
from certificates.rollout.words import NOBODY_ACCEPTS, NOT_TRIED, caution_sentence, reason_sentence
from rest.collection import Collection
from rest.envelope import Conflict, Fault, Invalid, NotFound
from rest.life.asked import answered, entry_of
from rest.life.confirming import decided, decision_in_steps
from rest.life.proposing import Proposals
from rest.life.versions import number_in

Entries = Collection[Any, Any]


def answer_confirm(collection: Entries, name: str) -> HttpResponse:
    """Decide upon the candidate: at once answers the entry; of those that accept it which APIs have switched and which stay; else it."""
    row: Certificate = entry_of(collection, name, "POST")
    candidate: Candidate = PROPOSALS.of(row)
    comparison = _compared(collection, candidate)
    form = decision_in_steps(collection, candidate, has_to_be_confirmed=comparison.has_to_be_confirmed)
    stamp: dict[str, Any] = {"by": collection.call.user, "now": collection.call.now}
    try:
        if form.cleaned_data["when"] == NOW:
            actions.switch(candidate, in_steps=form.in_steps, **stamp)
            return answered(collection, collection.entity(collection.get(name)))
        if form.cleaned_data["when"] == ACCEPTING:
            return answered(collection, _switched(candidate, **stamp))
        when = When(form.cleaned_data["when"])
        actions.plan(candidate, when=when, at=form.moment, zone=form.cleaned_data["zone"], in_steps=form.in_steps, **stamp)
    except actions.Gone:
        raise NotFound from None
    except NoCanary as refusal:
        raise Conflict(refusal.sentence) from refusal
    except staying.NotTried:
        raise Conflict(str(NOT_TRIED)) from None
    except staying.NobodyAccepts:
        raise Conflict(str(NOBODY_ACCEPTS)) from None
    except actions.SamePerson:
        raise Conflict(_("You have brought this version, and this certificate demands that another person confirms it.")) from None
    except certificate_actions.AlreadyUploaded as refusal:
        raise Conflict(_("This certificate is already uploaded as %(name)s.") % {"name": refusal.certificate.name}) from refusal
    return PROPOSALS.answer(collection, row, PROPOSALS.of(row))


def _switched(candidate: Candidate, **stamp: Any) -> dict[str, Any]:
    certificate, stay = actions.switch_accepting(candidate, **stamp)
    switched = staying.switching_of(certificate).order_by("name").values_list("name", flat=True)
    return {"switched": list(switched), "staying": sorted(api.name for api in stay)}


@sensitive_variables("pfx", "sent")
def _proposed(collection: Entries, row: Certificate) -> Candidate:
    """Propose what was sent: ``data`` and ``password``, or an earlier ``version``."""
    stamp: dict[str, Any] = {"by": collection.call.user, "now": collection.call.now}
    sent = collection.call.properties()
    try:
        if "version" in sent:
            return actions.propose_version(row, version=number_in(sent), **stamp)
        pfx = collection.read(sent, None, whole=True)
        return actions.propose(row, pfx, **stamp)
    except actions.AlreadyPlanned as refusal:
        raise Conflict(_("A switch of this certificate is planned already. Discard it first.")) from refusal
    except certificate_actions.AlreadyUploaded as refusal:
        message = _("This certificate is already uploaded as %(name)s.") % {"name": refusal.certificate.name}
        raise Invalid(Fault("data", message)) from refusal
    except CertificateVersion.DoesNotExist:
        raise Invalid(Fault("version", _("The entry has no such version, or presents it."))) from None
    except KeyDestroyed as destroyed:
        raise Conflict(str(destroyed)) from destroyed


def _find(row: Certificate) -> Candidate | None:
    return Candidate.objects.filter(certificate=row.pk).select_related("certificate__current", "proposed_by", "confirmed_by").first()


def _compared(collection: Entries, candidate: Candidate) -> Comparison:
    current = candidate.certificate.current
    assert current is not None  # noqa: S101 - an entry is made with its first version
    return compare(current.path, candidate.path, Purpose(candidate.certificate.kind), now=collection.call.now)


def _shown(collection: Entries, candidate: Candidate) -> dict[str, Any]:
    kind, comparison = Kind(candidate.certificate.kind), _compared(collection, candidate)
    leaf = candidate.path[0]
    return {
        "subject": leaf.shown_name,
        "thumbprint": candidate.thumbprint,
        "expirationDate": leaf.not_after,
        "source": candidate.source or None,
        **decided(candidate),
        "warnings": [
            *(caution_sentence(caution, kind) for caution in comparison.cautions),
            *(doubts.sentence(doubt, Purpose(kind)) for doubt in comparison.doubts),
        ],
        "hasToBeConfirmed": comparison.has_to_be_confirmed,
        "accepted": trying.is_accepted(candidate),
        "tries": tries_of(candidate),
    }


PROPOSALS = Proposals(deeds=actions, find=_find, propose=_proposed, show=_shown)


def tries_of(proposal: Any) -> list[dict[str, Any]]:
    """Return what came of trying what is proposed, of whatever kind, by API and gateway."""
    return [
        {
            "api": one.api,
            "backEnd": one.back_end,
            "gateway": one.gateway or None,
            "outcome": one.outcome,
            "reason": reason_sentence(one),
            "said": one.said,
            "issuers": one.issuers,
            "status": one.status,
            "milliseconds": one.milliseconds,
        }
        for one in proposal.tries.all()
    ]
