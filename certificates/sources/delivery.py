"""The one way by which what a source brings gets into its entry."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from certificates import actions
from certificates.models import Certificate
from certificates.pfx import Pfx

if TYPE_CHECKING:
    from django.contrib.auth.models import User

C = TypeVar("C", bound=Certificate)


class Origin(enum.StrEnum):
    """Where a version came from; the activity log says so."""

    WATCHED = "watched"
    ACME = "acme"
    SIGNING_REQUEST = "signing-request"
    COMMAND = "command"


def deliver(certificate: C, pfx: Pfx, *, source: Origin, by: User | None, now: datetime) -> C:
    """Bring *pfx* into its entry: as a new version, or as the earlier one that it is. What is current already stays as it is.

    :raises certificates.actions.AlreadyUploaded: if another entry holds this certificate
    """
    return actions.renew(certificate, pfx, by=by, now=now, source=source)
