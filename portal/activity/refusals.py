"""What somebody may not do, and tried: a line each, summed up where there are many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.http import HttpRequest

from portal.activity.floods import record_bounded
from portal.addresses import caller
from portal.characters import shown
from portal.models import Event

_LONGEST = 300  # what the column takes


@dataclass(frozen=True, slots=True)
class _Tried:
    """What was asked for: verb and path, without a query, which may hold what was typed."""

    pk: str
    name: str


def note_refusal(request: HttpRequest, by: User, *, now: datetime) -> None:
    """Write that *by* was refused what *request* asks for."""
    tried = _Tried("", shown(f"{request.method} {request.path}")[:_LONGEST])
    record_bounded(Event.ACCESS_REFUSED, tried, source=by.get_username(), by=by, at=now, address=caller(request))
