"""Deciding upon a candidate, of whatever kind: the fields of the page's form, by the same checks."""

from __future__ import annotations

from typing import Any

from certificates.rollout.forms import DecisionForm, Lasting
from rest.bodies import Properties
from rest.collection import Collection
from rest.life.asked import sent_by

_FIELDS = {"at": "at", "zone": "timeZone", "when": "when", "confirmed": "confirmed"}


def decision(collection: Collection[Any, Any], candidate: Lasting, *, has_to_be_confirmed: bool) -> DecisionForm:
    """Return what was sent: ``when`` (``now``, ``at``, ``after-try``), ``at``, ``timeZone``, and ``confirmed`` where warnings have to be.

    :raises rest.envelope.Invalid: naming what cannot be
    """
    sent: Properties = sent_by(collection)
    values = {
        "when": sent.text("when", needed=True),
        "at": sent.text("at"),
        "zone": sent.text("timeZone"),
        "confirmed": sent.flag("confirmed"),
    }
    sent.check()
    form = DecisionForm(values, lasting=candidate, has_to_be_confirmed=has_to_be_confirmed)
    sent.check_by(form, _FIELDS)
    return form
