"""Between the first factor and the last: when the first was proved, and that it still holds.

Who has proved a password may wait at the second step for a while. There is no session yet that a new password would end, so it is looked
at again before one begins.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

_PROVED = "first_factor"


def note_first_factor(request: HttpRequest, user: User, *, at: float) -> None:
    """Keep that *user* has proved the first factor.

    :param at: when, in seconds of Unix time; 0: nobody knows
    """
    request.session[_PROVED] = {"at": at, "standing": user.get_session_auth_hash()}


def still_holds(request: HttpRequest, user: User) -> bool:
    """Return whether what *user* has proved still opens the account: no other password since, and not deactivated."""
    proved: dict[str, Any] = request.session.get(_PROVED, {})
    return user.is_active and constant_time_compare(proved.get("standing", ""), user.get_session_auth_hash())


def take_proved_at(request: HttpRequest) -> float:
    """Return when the first factor was proved, and forget it; now, where nothing came before the session."""
    proved: dict[str, Any] = request.session.pop(_PROVED, {})
    return float(proved.get("at", timezone.now().timestamp()))
