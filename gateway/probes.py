"""Asking a gateway to shake hands with somebody from its own place: ``ask(gateway, target) -> what it has seen``, within seconds."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from apis.handshake.question import Closely, Target
from apis.handshake.seen import Seen
from certificates.models import CertificateVersion
from certificates.rollout.models import Candidate
from gateway.models import PROBE_KEPT, Gateway, Probe
from portal.change_signal import CHANNEL

_LOOK_SECONDS = 0.02


class NoAnswer(Exception):
    """The gateway has not answered; the message is a sentence for whoever wanted to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a probe is made, beyond the handshake that all have in common; as :class:`apis.handshake.question.Question` has it."""

    path: str = ""
    older_servers: bool = False
    asks_later: bool = False
    closely: Closely | None = None


def ask(
    gateway: Gateway,
    target: Target,
    *,
    version: CertificateVersion | Candidate | None = None,
    manner: Manner = Manner(),
    seconds: float = 10.0,
) -> Seen:
    """Return what *gateway* sees when it shakes hands with *target*. Not to be called within a transaction: nobody would see the question.

    :param target: whom an API may call; the name is looked up where the gateway is
    :param version: what is presented if the server asks; its private key goes to the gateway, which is given it anyway once it is in use
    :param seconds: how long to wait
    :raises NoAnswer: if nothing came in time: it is not connected, or its agent is older than probes are; if the gateway, or what is
        presented, was removed meanwhile
    """
    now = timezone.now()
    Probe.objects.filter(asked_at__lt=now - PROBE_KEPT).delete()
    closely = manner.closely.as_object() if manner.closely else None
    told = {"target": asdict(target), "manner": _fields(manner), "closely": closely}
    presented = {"candidate" if isinstance(version, Candidate) else "version": version}
    try:
        probe = Probe.objects.create(gateway=gateway, asked_at=now, **presented, **told)
    except IntegrityError as gone:
        raise _removed(gateway) from gone
    _signal()
    try:
        return _answer_to(probe, time.monotonic() + seconds)
    finally:
        probe.delete()


def _fields(manner: Manner) -> dict[str, Any]:
    """Return what a control plane of any version knows of *manner*."""
    return {"path": manner.path, "older_servers": manner.older_servers, "asks_later": manner.asks_later}


def _answer_to(probe: Probe, deadline: float) -> Seen:
    while time.monotonic() < deadline:
        if (asked := Probe.objects.filter(pk=probe.pk).only("seen").first()) is None:
            raise _removed(probe.gateway)
        if asked.seen:
            return Seen.of(asked.seen)
        time.sleep(_LOOK_SECONDS)
    raise NoAnswer(_("The gateway %(name)s has not answered in time.") % {"name": probe.gateway.name})


def _removed(gateway: Gateway) -> NoAnswer:
    """Return what is to be said where a probe has ended with its gateway, or with the certificate that it presents."""
    return NoAnswer(_("The gateway %(name)s, or what it was to present, was removed meanwhile.") % {"name": gateway.name})


def _signal() -> None:
    """Wake the control plane; on SQLite the commit itself does."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
