"""Every change to the gateways: one function per change, rows and activity line in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from gateway.control.enrolment import Issued, issue_for_gateway
from gateway.models import Gateway
from portal.activity import record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


@transaction.atomic
def enrol(name: str, *, by: User | None, now: datetime) -> Issued:
    """Let a gateway on another machine come under *name*; enrolling it again replaces its certificate.

    :return: its certificate and key, which are kept nowhere
    """
    issued = issue_for_gateway(name, now=now)
    gateway, _ = Gateway.objects.update_or_create(
        name=name, defaults={"fingerprint": issued.fingerprint, "enrolled_until": issued.not_after}
    )
    record(Event.GATEWAY_ADDED, gateway, by=by, at=now, enrolled_until=issued.not_after.date().isoformat())
    return issued


@transaction.atomic
def remove(gateway: Gateway, *, by: User | None, now: datetime) -> None:
    """Forget *gateway*: its certificate opens nothing any more, its stream ends. One that comes over the local socket may come again.

    :raises Gateway.DoesNotExist: if it is gone
    """
    gateway = Gateway.objects.select_for_update().get(pk=gateway.pk)
    record(Event.GATEWAY_REMOVED, gateway, by=by, at=now)
    gateway.delete()
