"""The list of people."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from portal.http import PortalRequest
from portal.listing import Column, Listing, holding, listing
from portal.locks import Lock, locks
from portal.models import GuessKind
from portal.people.standing import with_roles

_COLUMNS = (
    Column(key="name", label=_("User name"), field="username", any_case=True),
    Column(key="role", label=_("Role"), field="role"),
    Column(key="state", label=_("State"), field="is_active"),
    Column(key="last-sign-in", label=_("Last sign-in"), field="last_login"),
)
SEARCH = holding("username", "first_name", "last_name", "email")


def listed(request: PortalRequest, *, now: datetime) -> Listing:
    """Return the page of people that the address asks for, each with ``role`` and, where the account is closed, ``lock``."""
    shown = listing(request, with_roles(User.objects.all()), _COLUMNS, search=SEARCH)
    closed = _closed(list(shown.page), now)
    for person in shown.page:
        person.lock = closed.get(person.username)
    return shown


def lock_of(person: User, *, now: datetime) -> Lock | None:
    """Return what closes the account of *person* to addresses that have failed at it; ``None`` if nothing does."""
    return _closed([person], now).get(person.get_username())


def _closed(people: list[User], now: datetime) -> dict[str, Lock]:
    return {lock.name: lock for lock in locks(now=now, people=people) if lock.kind == GuessKind.SIGN_IN}
