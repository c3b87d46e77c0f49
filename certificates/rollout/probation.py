"""The time after a switch in which refusals put the version before back: when it begins and ends. Inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from certificates.models import CertificateVersion, Kind
from certificates.rollout.models import Probation, Receipt, rules_of
from certificates.rollout.refusals import Seen
from certificates.uses import apis_that_need

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from certificates.models import Certificate
    from portal.models import Activity


def begin(line: Activity, certificate: Certificate, before: CertificateVersion | None, after: CertificateVersion, *, source: str) -> None:
    """Put a version that all APIs of an entry present from now on on probation, if the entry's rules say so.

    Not where nothing could be seen: calls are counted by version for back ends only.

    :param line: of the activity log, which tells of the switch
    """
    minutes = rules_of(certificate).probation_minutes
    if certificate.kind == Kind.CLIENT and before and minutes and apis_that_need(certificate).exists():
        probation_from(line, minutes, certificate=certificate, before=before, version=after, source=source).save()


def probation_from(line: Activity, minutes: int, *, certificate: Certificate, **fields: Any) -> Probation:
    """Return the probation, not stored yet, that begins with the switch which *line* tells of."""
    return Probation(
        certificate_id=certificate.pk,
        change=line.id,
        by_id=line.actor_id,
        through=line.through,
        began_at=line.at,
        ends_at=line.at + timedelta(minutes=minutes),
        **fields,
    )


def end(probation: Probation, outcome: Probation.Outcome, *, at: datetime, by: User | None = None, seen: Iterable[Seen] = ()) -> None:
    """End it, and add to the receipt of its switch what was seen."""
    probation.outcome, probation.ended_at, probation.ended_by = outcome, at, by
    probation.seen = [one.as_json() for one in seen]
    probation.save(update_fields=["outcome", "ended_at", "ended_by", "seen"])
    if receipt := Receipt.objects.filter(change=probation.change).first():
        told = {"outcome": outcome.value, "at": at.isoformat(), "by": by.get_username() if by else "", "seen": probation.seen}
        receipt.content |= {"probation": told | ({"canary": probation.canary} if probation.canary else {})}
        receipt.save(update_fields=["content"])


def supersede(certificate: Certificate, *, at: datetime) -> None:
    """End what is open of an entry: another version becomes the current one."""
    for open_one in Probation.objects.filter(certificate=certificate.pk, ended_at=None):
        end(open_one, Probation.Outcome.SUPERSEDED, at=at)
