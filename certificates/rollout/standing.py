"""How the newest version of an entry stands: on probation, or put back lately."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from certificates.models import Certificate
from certificates.rollout.models import Probation
from certificates.rollout.refusals import seen_in

_TOLD_FOR = timedelta(days=30)


def probation_of(certificate: Certificate) -> dict[str, Any]:
    """Return what an entry's page shows: a probation that is open, or has put the version before back, which is still current."""
    newest = Probation.objects.filter(certificate=certificate.pk).select_related("version", "before", "ended_by").first()
    if newest is None or not (newest.ended_at is None or _still_counts(newest, certificate)):
        return {}
    seen = newest.seen if newest.ended_at else [one.as_json() for one in seen_in(newest)]
    return {"probation": newest, "seen": seen}


def open_step_of(certificate: Certificate | None) -> Probation | None:
    """Return the step that a switch of an entry is in: one API presents the new version alone. ``None``: it is in none."""
    if certificate is None or certificate.ahead_id is None:
        return None
    return Probation.objects.filter(certificate=certificate.pk, ended_at=None).exclude(canary="").select_related("version").first()


def put_back_lately(*, now: datetime) -> Iterator[Probation]:
    """Yield what has put a version back by itself, the newest of each entry, until another version is switched to."""
    later = Probation.objects.filter(certificate=OuterRef("certificate"), change__gt=OuterRef("change"))
    newest = Probation.objects.filter(~Exists(later), outcome=Probation.Outcome.PUT_BACK, ended_by=None, ended_at__gt=now - _TOLD_FOR)
    for probation in newest.select_related("certificate__current", "version", "before"):
        if _still_counts(probation, probation.certificate):
            yield probation


def _still_counts(probation: Probation, certificate: Certificate) -> bool:
    return probation.was_put_back and certificate.current_id == probation.before_id
