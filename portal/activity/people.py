"""What happens to people, as lines: made, changed (roles, activity, names), deleted, passwords. For every page that changes people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from portal.activity.values import differences
from portal.activity.writing import record
from portal.models import Event


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the subject of a line."""

    user: User

    @property
    def pk(self) -> Any:
        """What finds the account."""
        return self.user.pk

    @property
    def name(self) -> str:
        """What the person signs in as."""
        return self.user.get_username()


def facts(user: User) -> dict[str, Any]:
    """Return what a line tells of a person before and after a change. Ask before the first one."""
    return {
        "username": user.get_username(),
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "groups": sorted(user.groups.values_list("name", flat=True)),
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
    }


def record_created(user: User, *, by: User | None, now: datetime) -> None:
    """Write that a person was added, with which role."""
    record(Event.PERSON_CREATED, Person(user), by=by, at=now, roles=_roles(user))


def record_changed(user: User, before: Mapping[str, Any], *, by: User | None, now: datetime) -> None:
    """Write what has changed since *before* (:func:`facts`); nothing if nothing has."""
    if changes := differences(before, facts(user)):
        record(Event.PERSON_CHANGED, Person(user), by=by, at=now, changes=changes)


def record_deleted(user: User, *, by: User | None, now: datetime) -> None:
    """Write that a person goes; before the row does."""
    record(Event.PERSON_DELETED, Person(user), by=by, at=now, roles=_roles(user))


def record_password_changed(user: User, *, by: User | None, now: datetime) -> None:
    """Write that a person's password was set, by themselves or by another."""
    record(Event.PERSON_PASSWORD_CHANGED, Person(user), by=by, at=now)


def _roles(user: User) -> list[str]:
    return sorted(user.groups.values_list("name", flat=True))
