"""Waiting until what was changed is live on every gateway that is connected."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext as _

from apis.models import Api, Subscription
from certificates.authorities.models import Authority
from certificates.models import ClientCertificate, ServerCertificate
from portal.live import Kind, LiveStatus, State, live_status
from rest.configuration.differences import Change

_PAUSE = 0.2
_KINDS: dict[str, tuple[Kind, Any]] = {
    "certificates": (Kind.CERTIFICATE, ClientCertificate),
    "server_certificates": (Kind.SERVER_CERTIFICATE, ServerCertificate),
    "authorities": (Kind.AUTHORITY, Authority),
    "apis": (Kind.API, Api),
    "subscriptions": (Kind.SUBSCRIPTION, Subscription),
}


class NotLive(Exception):
    """Something is not live everywhere; the message names it."""


def wait_until_live(changes: Iterable[Change], seconds: float) -> None:
    """Return once all that was changed is live on every connected gateway. What was deleted is no longer there to be asked for.

    :raises NotLive: if a gateway refuses it, none is connected, or it takes longer than *seconds*
    """
    waiting, until = _things(changes), time.monotonic() + seconds
    while waiting:
        waiting = {name: ask for name, ask in waiting.items() if not _is_live(name, ask())}
        if waiting and time.monotonic() > until:
            words = _("Applied, and not live everywhere after %(seconds)d seconds: %(names)s.")
            raise NotLive(words % {"seconds": seconds, "names": ", ".join(waiting)})
        if waiting:
            time.sleep(_PAUSE)


def _things(changes: Iterable[Change]) -> dict[str, Callable[[], LiveStatus]]:
    found: dict[str, Callable[[], LiveStatus]] = {}
    for change in changes:
        if change.section in _KINDS and (change.sign != "-" or change.child):
            kind, model = _KINDS[change.section]
            row = model.objects.filter(name=change.name).first()
            if row:
                found[f"{change.section}/{change.name}"] = lambda kind=kind, pk=row.pk: live_status(kind, pk)  # type: ignore[misc]
    return found


def _is_live(name: str, status: LiveStatus) -> bool:
    if status.state is State.REFUSED:
        reason = status.problem or next((one.reason for one in status.refused), "")
        raise NotLive(_("Applied, and a gateway refuses %(name)s: %(reason)s") % {"name": name, "reason": reason})
    if status.state is State.NOWHERE:
        raise NotLive(_("Applied, and no gateway is connected."))
    return status.state is State.LIVE
