"""That there is always somebody who administers the portal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Q, QuerySet

from portal.roles import ADMINISTRATORS

_ROLE = Q(is_superuser=True) | Q(groups__name=ADMINISTRATORS)
_WITH_A_PASSWORD = ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)


class LastAdministrator(Exception):
    """After the change nobody could administer the portal any more."""


def administrators() -> QuerySet[User]:
    """Return those who administer the portal and can sign in, by a password or by a company account of a provider that is set."""
    by_company = Q(socialaccount__provider__in=list(settings.OIDC_PROVIDERS))
    return User.objects.filter(_ROLE & (_WITH_A_PASSWORD | by_company), is_active=True).distinct()


def administrators_with_password() -> QuerySet[User]:
    """Return those of them who get in on a day on which the provider of company accounts is away."""
    return User.objects.filter(_ROLE & _WITH_A_PASSWORD, is_active=True).distinct()


@contextlib.contextmanager
def changing_administrators(*, by_provider: bool = False) -> Iterator[None]:
    """Hold a transaction in which nobody else changes who administers: two who remove each other at once do so in turn.

    Whatever way is taken: where somebody administers before, somebody does afterwards, and with a password if there was one who had one.

    :param by_provider: whether a provider of company accounts takes the role, which it can give to others: only who has a password stays
    :raises LastAdministrator: if not; nothing is changed then
    """
    with transaction.atomic():  # SQLite has one writer at a time; elsewhere the role's row is the lock
        list(Group.objects.select_for_update().filter(name=ADMINISTRATORS))
        kept = (administrators_with_password,) if by_provider else (administrators_with_password, administrators)
        kinds = [kind for kind in kept if kind().exists()]
        yield
        if not all(kind().exists() for kind in kinds):
            raise LastAdministrator
