"""Which columns of a list a person sees: kept with their account; an address that names columns comes first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from portal.http import PortalRequest
from portal.preferences import keep, preferences_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_KEY = re.compile(r"[a-z_-]{1,40}\Z")
_MOST = 50  # lists, and columns of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A column that may be left out, and whether it is shown."""

    key: str
    label: str | Promise
    shown: bool


def choices(request: PortalRequest, name: str, columns: Sequence[tuple[str, str | Promise]]) -> tuple[Choice, ...]:
    """Return the *columns* (key, label) of the list called *name*, and which of them the reader of *request* sees.

    ``columns`` in the address names those that are shown, with commas between them.
    """
    if "columns" in request.GET:
        named = request.GET["columns"].split(",")
        return tuple(Choice(key=key, label=label, shown=key in named) for key, label in columns)
    hidden = _hidden(request.user).get(name, [])
    return tuple(Choice(key=key, label=label, shown=key not in hidden) for key, label in columns)


def hide(user: User, name: str, columns: Sequence[str]) -> None:
    """Keep with *user* that these *columns* of the list called *name* are left out; what can be no name of either is ignored."""
    if _KEY.match(name):
        hidden = _hidden(user) | {name: [column for column in columns if _KEY.match(column)][:_MOST]}
        keep(user, hidden_columns=dict(list(hidden.items())[-_MOST:]))


def _hidden(user: User) -> dict[str, list[str]]:
    preferences = preferences_of(user)
    return dict((preferences and preferences.hidden_columns) or {})
