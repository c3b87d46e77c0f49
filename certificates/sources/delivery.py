"""The one way by which what a source brings gets into its entry."""

from __future__ import annotations

import contextlib
import enum
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from certificates import actions
from certificates.models import Certificate
from certificates.pfx import Pfx
from certificates.rollout import actions as rollout
from certificates.rollout.steps import NoCanary
from certificates.sources.trouble import Trouble, Why
from certificates.uses import apis_that_need

if TYPE_CHECKING:
    from django.contrib.auth.models import User

C = TypeVar("C", bound=Certificate)


class Origin(enum.StrEnum):
    """Where a version came from; the activity log says so."""

    WATCHED = "watched"
    ACME = "acme"
    SIGNING_REQUEST = "signing-request"
    COMMAND = "command"


_BY_A_PERSON = frozenset({Origin.SIGNING_REQUEST, Origin.COMMAND})


def deliver(certificate: C, pfx: Pfx, *, source: Origin, by: User | None, now: datetime) -> C:
    """Bring *pfx* into its entry: as a new version, or as the earlier one that it is. What is current already stays as it is.

    What comes by itself and what another person has to confirm is a candidate first (:mod:`certificates.rollout`), which goes on by
    the entry's rules; but where no API presents the entry there is nobody to try it with.

    :raises certificates.actions.AlreadyUploaded: if another entry holds this certificate
    :raises Trouble: if a person has planned another switch
    """
    try:
        if source in _BY_A_PERSON or not apis_that_need(certificate).exists():
            with contextlib.suppress(actions.AnotherPersonConfirms, NoCanary):
                return rollout.renew(certificate, pfx, by=by, now=now, source=source)
        rollout.bring(certificate, pfx, by=by, now=now, source=source, by_a_person=source in _BY_A_PERSON)
    except rollout.AlreadyPlanned as planned:
        raise Trouble(why=Why.PLANNED, detail=certificate.name) from planned
    return certificate


def refuse_planned(certificate: Certificate, *, source: Origin) -> None:
    """Ask whether something could be brought into an entry just now, before it is fetched at a cost.

    :raises Trouble: if another switch is planned, or goes in steps
    """
    if apis_that_need(certificate).exists():
        try:
            rollout.refuse_planned(certificate, source=source)
        except rollout.AlreadyPlanned as planned:
            raise Trouble(why=Why.PLANNED, detail=certificate.name) from planned
