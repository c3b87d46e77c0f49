"""Deciding upon a candidate, of whatever kind: the fields of the pages' forms, by the same checks."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from certificates.models import Kind
from certificates.rollout.forms import ConfirmForm, DecisionForm, Lasting
from certificates.rollout.models import Candidate
from rest.bodies import Properties
from rest.collection import Collection
from rest.life.asked import sent_by

FIELDS = {"at": "at", "zone": "timeZone", "when": "when", "confirmed": "confirmed"}
_STEPS = {"canary": "canary", "canary_minutes": "canaryMinutes"}


def decision(collection: Collection[Any, Any], candidate: Lasting, *, has_to_be_confirmed: bool) -> DecisionForm:
    """Return what was sent: ``when`` (``now``, ``at``, ``after-try``), ``at``, ``timeZone``, and ``confirmed`` where warnings have to be.

    :raises rest.envelope.Invalid: naming what cannot be
    """
    sent: Properties = sent_by(collection)
    values = said(sent)
    sent.check()
    form = DecisionForm(values, lasting=candidate, has_to_be_confirmed=has_to_be_confirmed)
    sent.check_by(form, FIELDS)
    return form


def decision_in_steps(collection: Collection[Any, Any], candidate: Candidate, *, has_to_be_confirmed: bool) -> ConfirmForm:
    """Return the same, with ``canary`` (an API's name; empty: all at once) and ``canaryMinutes`` where other steps are to be than by rule.

    :raises rest.envelope.Invalid: naming what cannot be
    """
    sent: Properties = sent_by(collection)
    values = said(sent)
    if "canary" in sent:
        minutes = sent.values.get("canaryMinutes")
        values |= {"canary": sent.text("canary"), "canary_minutes": "" if minutes is None else str(minutes)}
    else:
        sent.unsupported(("canaryMinutes",), _("Send canary, too: the name of the API that is to be first."))
    if candidate.certificate.kind != Kind.CLIENT:
        sent.unsupported(_STEPS.values(), _("Only client certificates are switched in steps."))
    sent.check()
    form = ConfirmForm(values, candidate=candidate, has_to_be_confirmed=has_to_be_confirmed)
    sent.check_by(form, FIELDS | _STEPS)
    return form


def said(sent: Properties) -> dict[str, Any]:
    """Return what was sent as the pages' forms take it."""
    return {
        "when": sent.text("when", needed=True),
        "at": sent.text("at"),
        "zone": sent.text("timeZone"),
        "confirmed": sent.flag("confirmed"),
    }


def decided(candidate: Any) -> dict[str, Any]:
    """Return who proposed a candidate of whatever kind, what is decided, and how far the try is."""
    return {
        "proposedDate": candidate.proposed_at,
        "proposedBy": candidate.proposed_by.get_username() if candidate.proposed_by else None,
        "when": candidate.when or None,
        "at": candidate.at,
        "timeZone": candidate.zone,
        "confirmedDate": candidate.confirmed_at,
        "confirmedBy": candidate.confirmed_by.get_username() if candidate.confirmed_by else None,
        "trouble": candidate.why_not or None,
        "try": "done" if candidate.is_tried else "running" if candidate.is_being_tried else None,
    }
