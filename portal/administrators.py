"""That there is always somebody who administers the portal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Q, QuerySet

from portal.roles import ADMINISTRATORS


class LastAdministrator(Exception):
    """After the change nobody could administer the portal any more."""


def administrators() -> QuerySet[User]:
    """Return those who administer the portal and can sign in."""
    role = Q(is_superuser=True) | Q(groups__name=ADMINISTRATORS)
    return User.objects.filter(role, is_active=True).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).distinct()


@contextlib.contextmanager
def changing_administrators() -> Iterator[None]:
    """Hold a transaction in which nobody else changes who administers: two who remove each other at once do so in turn."""
    with transaction.atomic():  # SQLite has one writer at a time; elsewhere the role's row is the lock
        list(Group.objects.select_for_update().filter(name=ADMINISTRATORS))
        yield


def require_an_administrator() -> None:
    """Look, after a change and before its transaction ends, whether somebody administers still.

    :raises LastAdministrator: if not; it must leave :func:`changing_administrators`, which undoes the change
    """
    if not administrators().exists():
        raise LastAdministrator
